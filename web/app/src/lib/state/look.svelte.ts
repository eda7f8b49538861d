export type Theme = 'system' | 'light' | 'dark';

/** What the look is applied to: the document's root, a plain object in tests. */
export interface Root {
  dataset: Record<string, string | undefined>;
}

/** Whether the system is dark: a media query, a plain object in tests. */
export interface SystemDark {
  readonly matches: boolean;
  addEventListener(type: 'change', handle: () => void): void;
}

/** Theme and contrast. They tell nothing about the member, so they may be kept in clear. */
export class Look {
  theme = $state<Theme>('system');
  highContrast = $state(false);

  constructor(
    private readonly root: Root,
    private readonly systemDark: SystemDark,
    begin: { theme?: Theme; highContrast?: boolean } = {}
  ) {
    this.theme = begin.theme ?? 'system';
    this.highContrast = begin.highContrast ?? false;
    systemDark.addEventListener('change', () => {
      this.apply();
    });
    this.apply();
  }

  chooseTheme(theme: Theme): void {
    this.theme = theme;
    this.apply();
  }

  chooseContrast(high: boolean): void {
    this.highContrast = high;
    this.apply();
  }

  private apply(): void {
    const dark = this.theme === 'dark' || (this.theme === 'system' && this.systemDark.matches);
    this.root.dataset['theme'] = dark ? 'dark' : 'light';
    this.root.dataset['contrast'] = this.highContrast ? 'high' : 'normal';
  }
}

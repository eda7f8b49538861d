export type Theme = 'system' | 'light' | 'dark';

/** What the look is applied to: the document's root, a plain object in tests. */
export interface Root {
  dataset: Record<string, string | undefined>;
}

/** Theme and contrast. They tell nothing about the member, so they may be kept in clear. */
export class Look {
  theme = $state<Theme>('system');
  highContrast = $state(false);

  constructor(
    private readonly root: Root,
    private readonly systemDark: { matches: boolean; addEventListener: MediaQueryList['addEventListener'] }
  ) {
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

import { expect, test } from 'vitest';
import { Look, type Root } from './look.svelte';

test('the theme follows the system until one is chosen', () => {
  const root: Root = { dataset: {} };
  let change = (): void => undefined;
  const system = { matches: false, addEventListener: (_: string, handle: () => void) => (change = handle) };
  const look = new Look(root, system);
  expect(root.dataset).toEqual({ theme: 'light', contrast: 'normal' });
  system.matches = true;
  change();
  expect(root.dataset['theme']).toBe('dark');
  look.chooseTheme('light');
  look.chooseContrast(true);
  expect(root.dataset).toEqual({ theme: 'light', contrast: 'high' });
  change();
  expect(root.dataset['theme']).toBe('light');
});

import type { IconName } from './icons';

/** A line of a menu. */
export interface MenuItem {
  label: string;
  icon?: IconName;
  /** It destroys something. */
  danger?: boolean;
  disabled?: boolean;
  /** One of several states, and whether it is the present one. */
  checked?: boolean;
  /** A line is drawn above it. */
  apart?: boolean;
  act: (e: MouseEvent) => void;
}

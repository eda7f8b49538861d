import { expect, test } from 'vitest';
import { placeBeside, stepTo } from './popover';

const screen = { width: 400, height: 600 };
const size = { width: 200, height: 120 };
const at = (left: number, top: number): { left: number; top: number; right: number; bottom: number } => ({
  left,
  top,
  right: left + 40,
  bottom: top + 40
});

test('it hangs below its anchor, flush with the side that was asked', () => {
  expect(placeBeside(at(60, 100), size, screen, 'start')).toEqual({ left: 60, top: 146 });
  expect(placeBeside(at(260, 100), size, screen, 'end')).toEqual({ left: 100, top: 146 });
});

test('it goes above where there is no room below, and never leaves the screen', () => {
  expect(placeBeside(at(60, 500), size, screen, 'start')).toEqual({ left: 60, top: 374 });
  expect(placeBeside(at(380, 100), size, screen, 'start').left).toBe(192);
  expect(placeBeside(at(0, 100), size, screen, 'end').left).toBe(8);
  const tall = { width: 200, height: 590 };
  expect(placeBeside(at(60, 300), tall, screen, 'start').top).toBe(8);
});

test('arrows go round, Home and End go to the ends, other keys go nowhere', () => {
  expect(stepTo('ArrowDown', 2, 3)).toBe(0);
  expect(stepTo('ArrowUp', 0, 3)).toBe(2);
  expect(stepTo('Home', 2, 3)).toBe(0);
  expect(stepTo('End', 0, 3)).toBe(2);
  expect(stepTo('x', 0, 3)).toBeUndefined();
  expect(stepTo('ArrowDown', 0, 0)).toBeUndefined();
});

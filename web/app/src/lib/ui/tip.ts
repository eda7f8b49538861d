import { placeBeside } from './popover';

const delay = 450; // milliseconds that a pointer rests before a label shows

/**
 * Shows what a button without words is for, while a pointer rests on it or the keyboard is on it. The button
 * itself carries the same words as its label, so a screen reader skips this. For `{@attach}`.
 */
export function tip(label: string | undefined): ((node: HTMLElement) => () => void) | undefined {
  if (!label) return undefined;
  return (node) => {
    let shown: HTMLElement | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const until = new AbortController();

    // Gone at once: on a masked screen, its words may be what has to go.
    const hide = (): void => {
      clearTimeout(timer);
      shown?.remove();
      shown = undefined;
    };
    const wait = (): void => {
      hide();
      timer = setTimeout(() => (shown = show(node, label)), delay);
    };
    const on = (names: string[], handle: (e: Event) => void): void => {
      for (const name of names) node.addEventListener(name, handle, { signal: until.signal });
    };
    on(['pointerenter'], (e) => {
      if ((e as PointerEvent).pointerType === 'mouse') wait();
    });
    on(['focus'], () => {
      if (node.matches(':focus-visible')) wait();
    });
    on(['pointerleave', 'pointerdown', 'blur', 'click', 'keydown'], hide);
    return () => {
      hide();
      until.abort();
    };
  };
}

/** Puts the words over everything else, dialogs too, below the middle of the node. */
function show(node: HTMLElement, label: string): HTMLElement {
  const words = document.createElement('div');
  words.className = 'tip';
  words.popover = 'manual';
  words.ariaHidden = 'true';
  words.textContent = label;
  document.body.append(words);
  words.showPopover();
  const { left, right, top, bottom } = node.getBoundingClientRect();
  const start = (left + right - words.offsetWidth) / 2;
  const place = placeBeside(
    { left: start, right: start, top, bottom },
    { width: words.offsetWidth, height: words.offsetHeight },
    { width: innerWidth, height: innerHeight },
    'start'
  );
  words.style.left = `${place.left}px`;
  words.style.top = `${place.top}px`;
  return words;
}

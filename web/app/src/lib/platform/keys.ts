/** What a key of the keyboard asks for, wherever the focus is. */
export type Shortcut = '' | 'search' | 'previous' | 'next' | 'help';

type Key = Pick<KeyboardEvent, 'key' | 'altKey' | 'ctrlKey' | 'metaKey' | 'shiftKey'>;

/** Names the shortcut of a key. typing: whether the key would write something where the focus is. */
export function shortcutOf(e: Key, typing: boolean): Shortcut {
  const command = e.ctrlKey || e.metaKey;
  if (command && !e.altKey && !e.shiftKey && e.key.toLowerCase() === 'k') return 'search';
  if (command && !e.altKey && e.key === '/') return 'help';
  if (e.key === '?' && !typing && !command && !e.altKey) return 'help';
  if (e.altKey && !command && !e.shiftKey) {
    if (e.key === 'ArrowUp') return 'previous';
    if (e.key === 'ArrowDown') return 'next';
  }
  return '';
}

/** Whether what has the focus takes letters. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('input, textarea, select, [contenteditable]') !== null;
}

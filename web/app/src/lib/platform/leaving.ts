/**
 * Calls handle whenever the member may no longer be looking, or the world around the page changes: another
 * tab or window, minimised, hidden, frozen, printed, the network gone or back. Returns how to stop.
 *
 * Nothing is captured: an element that loses the focus does not tell that the window did.
 */
export function onLeaving(handle: () => void): () => void {
  const connection = (navigator as { connection?: EventTarget }).connection;
  const sources: [EventTarget | undefined, string[]][] = [
    [window, ['blur', 'pagehide', 'online', 'offline', 'beforeprint']],
    [document, ['visibilitychange', 'freeze']],
    [connection, ['change']]
  ];
  const each = (act: (source: EventTarget, name: string) => void): void => {
    for (const [source, names] of sources) {
      for (const name of names) if (source) act(source, name);
    }
  };
  each((source, name) => {
    source.addEventListener(name, handle);
  });
  return () => {
    each((source, name) => {
      source.removeEventListener(name, handle);
    });
  };
}

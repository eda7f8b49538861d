/** Whether the browser can show notifications. They come from this page alone: no server pushes any. */
export function canNotify(): boolean {
  return 'Notification' in globalThis;
}

/** Asks the person. It must be called from a gesture. */
export async function mayNotify(): Promise<boolean> {
  return canNotify() && (await Notification.requestPermission()) === 'granted';
}

/** Shows one notification of a conversation, in place of the one before. */
export function notify(title: string, body: string, tag: string, onclick: () => void): void {
  if (!canNotify() || Notification.permission !== 'granted') return;
  try {
    const shown = new Notification(title, { body, tag, icon: './icon.svg' });
    shown.onclick = () => {
      window.focus();
      shown.close();
      onclick();
    };
  } catch {
    // a phone shows them from a service worker only; without one there is nothing to show
  }
}

/** Puts a count on the app's icon, where it has one. */
export function badge(count: number): void {
  const set = count > 0 ? navigator.setAppBadge(count) : navigator.clearAppBadge();
  set.catch(() => undefined); // the app is not installed
}

export function canBadge(): boolean {
  return 'setAppBadge' in navigator;
}

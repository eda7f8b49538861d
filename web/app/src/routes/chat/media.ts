import type { Message } from '$lib/core/generated/api';

export type Kind = 'picture' | 'film' | 'sound' | 'file';

const pictures = /^image\/(jpeg|png|webp|gif)$/u;

/** What the file of a message is shown as. Its declared type only chooses the frame: what is in it is looked at. */
export function kindOf(m: Message): Kind {
  const type = m.file?.mediaType ?? '';
  if (m.file?.voice === true || type.startsWith('audio/')) return 'sound';
  if (pictures.test(type)) return 'picture';
  return type.startsWith('video/') ? 'film' : 'file';
}

/** Minutes and seconds. */
export function clock(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

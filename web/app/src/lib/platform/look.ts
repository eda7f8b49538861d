import { strip } from './strip';

/** What can be shown of a file before it is fetched. */
export interface Look {
  width: number;
  height: number;
  /** Milliseconds. */
  duration: number;
  /** A small JPEG, or nothing. */
  preview: Uint8Array<ArrayBuffer>;
}

/** The most that a preview may weigh, as the core has it. */
const maxPreview = 12 * 1024;
const patience = 5000; // milliseconds for a film to show its first picture

export const unseen: Look = { width: 0, height: 0, duration: 0, preview: new Uint8Array() };

/** Looks at a picture or film; anything else, and what the browser cannot read, is unseen. */
export async function look(file: Blob): Promise<Look> {
  try {
    if (/^image\/(jpeg|png|webp|gif|avif)$/u.test(file.type)) return await lookAtPicture(file);
    if (file.type.startsWith('video/')) return await lookAtFilm(file);
  } catch {
    // it is sent as a file without a preview
  }
  return unseen;
}

async function lookAtPicture(file: Blob): Promise<Look> {
  const picture = await createImageBitmap(file);
  try {
    const { width, height } = picture;
    return { width, height, duration: 0, preview: await preview(picture, width, height) };
  } finally {
    picture.close();
  }
}

async function lookAtFilm(file: Blob): Promise<Look> {
  const film = document.createElement('video');
  const url = URL.createObjectURL(file);
  film.muted = true;
  film.preload = 'auto';
  film.src = url;
  try {
    await once(film, 'loadeddata');
    const { videoWidth: width, videoHeight: height } = film;
    const duration = Number.isFinite(film.duration) ? Math.round(film.duration * 1000) : 0;
    return { width, height, duration, preview: await preview(film, width, height) };
  } finally {
    film.removeAttribute('src');
    film.load();
    URL.revokeObjectURL(url);
  }
}

function once(film: HTMLVideoElement, event: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(reject, patience);
    film.addEventListener(event, () => {
      clearTimeout(timer);
      resolve();
    });
    film.addEventListener('error', reject);
  });
}

/** Draws it smaller, and coarser, until it fits. What a canvas makes carries no place or camera. */
async function preview(
  source: CanvasImageSource,
  width: number,
  height: number
): Promise<Uint8Array<ArrayBuffer>> {
  for (const [side, quality] of [
    [360, 0.7],
    [320, 0.5],
    [240, 0.45],
    [160, 0.4],
    [96, 0.3]
  ] as const) {
    const scale = Math.min(1, side / Math.max(width, height));
    const canvas = new OffscreenCanvas(Math.max(1, width * scale), Math.max(1, height * scale));
    const context = canvas.getContext('2d');
    if (!context) break;
    context.fillStyle = 'white'; // behind what is transparent
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(source, 0, 0, canvas.width, canvas.height);
    const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality });
    if (blob.size <= maxPreview) return new Uint8Array(await blob.arrayBuffer());
  }
  return new Uint8Array();
}

/** The same picture without what was written into it, or undefined when that cannot be taken out. */
export async function clean(file: File): Promise<File | undefined> {
  const bytes = strip(new Uint8Array(await file.arrayBuffer()));
  return bytes && new File([bytes], file.name, { type: file.type });
}

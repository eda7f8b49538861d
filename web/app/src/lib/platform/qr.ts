/** What a QR code held: its bytes, and its text where they are one. */
export interface Found {
  bytes: Uint8Array;
  text: string;
}

/** The dark modules of a code, row by row, without the quiet zone. */
export type Matrix = boolean[][];

// Both libraries are chunks of their own: who neither shows nor reads a code never loads them.

/**
 * Draws a code. Text is encoded as UTF-8 bytes: what we read back are bytes as well.
 */
export async function drawCode(content: string | Uint8Array): Promise<Matrix> {
  const { encode } = await import('uqr');
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  return encode([...bytes], { ecc: 'L', border: 0 }).data;
}

/**
 * Looks for a code in a picture. The browser's own BarcodeDetector is not asked: it gives text only, and a
 * safety number is no text.
 */
export async function findCode(picture: ImageData): Promise<Found | undefined> {
  const { default: read } = await import('jsqr');
  const code = read(picture.data, picture.width, picture.height);
  if (!code || code.binaryData.length === 0) return undefined;
  const bytes = Uint8Array.from(code.binaryData);
  return { bytes, text: new TextDecoder().decode(bytes) };
}

/** The longest side of a picture that is searched: more costs time and finds nothing more. */
const longest = 1024;

/** Looks for a code in an image file. */
export async function findInFile(file: Blob): Promise<Found | undefined> {
  const bitmap = await createImageBitmap(file);
  try {
    return await findCode(pixels(bitmap, bitmap.width, bitmap.height));
  } finally {
    bitmap.close();
  }
}

/** Looks for a code in what a video shows now. */
export async function findInVideo(video: HTMLVideoElement): Promise<Found | undefined> {
  if (video.videoWidth === 0) return undefined;
  return findCode(pixels(video, video.videoWidth, video.videoHeight));
}

function pixels(source: CanvasImageSource, width: number, height: number): ImageData {
  const scale = Math.min(1, longest / Math.max(width, height));
  const w = Math.max(1, Math.round(width * scale));
  const h = Math.max(1, Math.round(height * scale));
  const context = new OffscreenCanvas(w, h).getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('no canvas');
  context.fillStyle = 'white'; // behind what is transparent
  context.fillRect(0, 0, w, h);
  context.drawImage(source, 0, 0, w, h);
  return context.getImageData(0, 0, w, h);
}

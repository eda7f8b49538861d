/**
 * Takes out of pictures what was written into them besides the picture: place, time, camera, names. Nothing
 * is decoded and no pixel changes; of a JPEG the way it is turned is kept.
 */

const text = (b: Uint8Array, at: number, n: number): string => String.fromCharCode(...b.subarray(at, at + n));

function join(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** The picture without the rest, or undefined when it is of no format that is known here, or broken. */
export function strip(b: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  if (b[0] === 0xff && b[1] === 0xd8) return stripJPEG(b);
  if (text(b, 1, 3) === 'PNG') return stripPNG(b);
  if (text(b, 0, 4) === 'RIFF' && text(b, 8, 4) === 'WEBP') return stripWebP(b);
  return undefined;
}

/** ITU T.81, annex B: segments, then scans, up to the first end of image. Nothing behind it is kept. */
function stripJPEG(b: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  const view = new DataView(b.buffer, b.byteOffset, b.byteLength);
  const parts: Uint8Array[] = [];
  let turned = 1;
  let at = 2;
  while (at + 4 <= b.length) {
    const marker = b[at + 1] ?? 0;
    if (b[at] !== 0xff || marker < 0xc0 || marker === 0xd8) return undefined;
    if (marker === 0xd9)
      return join([b.subarray(0, 2), orientation(turned), ...parts, b.subarray(at, at + 2)]);
    let end = at + 2 + view.getUint16(at + 2);
    const segment = b.subarray(at, end);
    if (marker === 0xe1 && text(segment, 4, 4) === 'Exif')
      turned = orientationOf(segment.subarray(10)) || turned;
    if (marker === 0xda) {
      end = endOfScan(b, end);
      parts.push(b.subarray(at, end));
    } else if (keeps(marker, segment)) parts.push(segment);
    at = end;
  }
  if (b[at] === 0xff && b[at + 1] === 0xd9)
    return join([b.subarray(0, 2), orientation(turned), ...parts, b.subarray(at, at + 2)]);
  return undefined;
}

/** JFIF, colour profile and Adobe's colour transform say how the picture looks; other application data does not. */
function keeps(marker: number, segment: Uint8Array): boolean {
  if (marker === 0xe2) return text(segment, 4, 11) === 'ICC_PROFILE';
  return marker !== 0xfe && (marker < 0xe1 || marker > 0xef || marker === 0xee);
}

function endOfScan(b: Uint8Array, from: number): number {
  let at = from;
  for (;;) {
    at = b.indexOf(0xff, at);
    if (at < 0) return b.length;
    const next = b[at + 1] ?? 0;
    if (next !== 0 && next !== 0xff && (next < 0xd0 || next > 0xd7)) return at;
    at++;
  }
}

/** Tag 0x0112 of the first directory of the TIFF inside Exif, 0 if it is not there. */
function orientationOf(tiff: Uint8Array): number {
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  if (tiff.length < 14) return 0;
  const little = text(tiff, 0, 2) === 'II';
  const start = view.getUint32(4, little);
  if (start + 2 > tiff.length) return 0;
  const count = view.getUint16(start, little);
  for (let i = 0; i < count; i++) {
    const entry = start + 2 + 12 * i;
    if (entry + 12 > tiff.length) return 0;
    if (view.getUint16(entry, little) !== 0x0112) continue;
    const value = view.getUint16(entry + 8, little);
    return value <= 8 ? value : 0;
  }
  return 0;
}

/** An Exif segment that says nothing else. */
function orientation(turned: number): Uint8Array {
  if (turned === 1) return new Uint8Array();
  // prettier-ignore
  return new Uint8Array([
    0xff, 0xe1, 0, 34, 0x45, 0x78, 0x69, 0x66, 0, 0, 0x4d, 0x4d, 0, 42, 0, 0, 0, 8,
    0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, turned, 0, 0, 0, 0, 0, 0
  ]);
}

const pngDropped = new Set(['eXIf', 'tEXt', 'iTXt', 'zTXt', 'tIME']);

function stripPNG(b: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  const view = new DataView(b.buffer, b.byteOffset, b.byteLength);
  const parts = [b.subarray(0, 8)];
  for (let at = 8; at + 12 <= b.length;) {
    const end = at + 12 + view.getUint32(at);
    const name = text(b, at + 4, 4);
    if (end > b.length) return undefined;
    if (!pngDropped.has(name)) parts.push(b.subarray(at, end));
    if (name === 'IEND') return join(parts);
    at = end;
  }
  return undefined;
}

function stripWebP(b: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  const view = new DataView(b.buffer, b.byteOffset, b.byteLength);
  const parts = [b.slice(0, 12)];
  const stop = Math.min(b.length, 8 + view.getUint32(4, true));
  for (let at = 12; at + 8 <= stop;) {
    const size = view.getUint32(at + 4, true);
    const end = at + 8 + size + (size % 2);
    const name = text(b, at, 4);
    if (end > stop) return undefined;
    const chunk = b.slice(at, end);
    if (name === 'VP8X') chunk[8] = (chunk[8] ?? 0) & ~0x0c; // no Exif and no XMP any more
    if (name !== 'EXIF' && name !== 'XMP ') parts.push(chunk);
    at = end;
  }
  const out = join(parts);
  new DataView(out.buffer).setUint32(4, out.length - 8, true);
  return out;
}

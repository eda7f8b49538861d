import { expect, test } from 'vitest';
import { drawCode, findCode, type Matrix } from './qr';

/** A picture of a code, as a camera that sees it straight would take it. */
function picture(matrix: Matrix, scale = 4): ImageData {
  const quiet = 4;
  const side = (matrix.length + 2 * quiet) * scale;
  const data = new Uint8ClampedArray(side * side * 4).fill(255);
  matrix.forEach((row, y) => {
    row.forEach((dark, x) => {
      if (!dark) return;
      for (let i = 0; i < scale * scale; i++) {
        const at = ((y + quiet) * scale + Math.floor(i / scale)) * side + (x + quiet) * scale + (i % scale);
        data.fill(0, 4 * at, 4 * at + 3);
      }
    });
  });
  return { data, width: side, height: side, colorSpace: 'srgb' };
}

test('a code is read back byte by byte, also what is no text', async () => {
  const bytes = Uint8Array.from({ length: 65 }, (_, i) => (i * 37) % 256);
  const found = await findCode(picture(await drawCode(bytes)));
  expect(found?.bytes).toEqual(bytes);
});

test('a long link fits, with its accents', async () => {
  const link = `https://relais.example:8443/#${'é0Az-_'.repeat(60)}`;
  expect((await findCode(picture(await drawCode(link))))?.text).toBe(link);
});

test('a picture without a code holds nothing', async () => {
  const data = new Uint8ClampedArray(64 * 64 * 4).fill(255);
  expect(await findCode({ data, width: 64, height: 64, colorSpace: 'srgb' })).toBeUndefined();
});

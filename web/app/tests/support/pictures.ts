import type { Page } from 'playwright-core';

/** A JPEG of that size, drawn by the browser. */
export async function makePicture(page: Page, width: number, height: number): Promise<Buffer> {
  const text = await page.evaluate(
    async ([w, h]) => {
      const canvas = new OffscreenCanvas(w, h);
      const context = canvas.getContext('2d');
      if (!context) return '';
      const sky = context.createLinearGradient(0, 0, w, h);
      sky.addColorStop(0, 'navy');
      sky.addColorStop(1, 'orange');
      context.fillStyle = sky;
      context.fillRect(0, 0, w, h);
      const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.9 });
      const bytes = new Uint8Array(await blob.arrayBuffer());
      let out = '';
      for (const b of bytes) out += String.fromCharCode(b);
      return btoa(out);
    },
    [width, height] as const
  );
  return Buffer.from(text, 'base64');
}

/** The same picture with an Exif segment that says where it was taken. */
export function jpegWithPlace(jpeg: Buffer): Buffer {
  const exif = Buffer.from('Exif\0\0MM\0\x2a\0\0\0\x08\0\0\0\0\0\0GPS 48.8584 N, 2.2945 E', 'latin1');
  const head = Buffer.from([0xff, 0xe1, 0, exif.length + 2]);
  return Buffer.concat([jpeg.subarray(0, 2), head, exif, jpeg.subarray(2)]);
}

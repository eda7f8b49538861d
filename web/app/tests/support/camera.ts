import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Locator, Page } from 'playwright-core';

/** A camera that is held before what a test wants. Chromium reads its film anew each time it is switched on. */
export class Camera {
  private constructor(
    private readonly film: string,
    /** A blank page that looks at pictures. */
    private readonly darkroom: Page
  ) {}

  static flags(folder: string): string[] {
    return [
      '--use-fake-device-for-media-stream',
      `--use-file-for-fake-video-capture=${path.join(folder, 'camera.y4m')}`
    ];
  }

  static async make(folder: string, darkroom: Page): Promise<Camera> {
    const camera = new Camera(path.join(folder, 'camera.y4m'), darkroom);
    await camera.shoot([]);
    return camera;
  }

  /** Points the camera at a code on somebody's screen. */
  async seeCode(code: Locator): Promise<void> {
    const picture = (await code.screenshot()).toString('base64');
    await this.shoot(
      await this.darkroom.evaluate(
        async ([encoded, width, height]) => {
          const bytes = Uint8Array.from(atob(encoded), (c) => c.charCodeAt(0));
          const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
          const sight = new OffscreenCanvas(width, height).getContext('2d');
          if (!sight) throw new Error('no canvas');
          sight.fillStyle = '#777';
          sight.fillRect(0, 0, width, height);
          const size = height * 0.9;
          sight.drawImage(image, (width - size) / 2, (height - size) / 2, size, size);
          const { data } = sight.getImageData(0, 0, width, height);
          return Array.from({ length: width * height }, (_, i) => data[4 * i] ?? 0);
        },
        [picture, Camera.width, Camera.height] as const
      )
    );
  }

  private static readonly width = 640;
  private static readonly height = 480;

  /** Makes a film of one still grey picture: YUV4MPEG2, with no colour. */
  private async shoot(luma: number[]): Promise<void> {
    const { width, height } = Camera;
    const grey = luma.length > 0 ? Buffer.from(luma) : Buffer.alloc(width * height, 0x77);
    const frame = Buffer.concat([Buffer.from('FRAME\n'), grey, Buffer.alloc((width * height) / 2, 128)]);
    const head = Buffer.from(`YUV4MPEG2 W${String(width)} H${String(height)} F10:1 Ip A1:1 C420jpeg\n`);
    await writeFile(this.film, Buffer.concat([head, frame, frame, frame]));
  }
}

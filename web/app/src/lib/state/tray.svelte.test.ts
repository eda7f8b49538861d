import { expect, test } from 'vitest';
import { FakeCore, refuse } from '../../../tests/support/fakecore';
import { TrayState } from './tray.svelte';

const photo = new File(['photo'], 'photo.jpg', { type: 'image/jpeg' });
const text = new File(['text'], 'notes.txt', { type: 'text/plain' });
const seen = { width: 4, height: 3, duration: 0, preview: new Uint8Array([1]) };

function tray(clean: (file: File) => Promise<File | undefined>): { core: FakeCore; tray: TrayState } {
  const core = new FakeCore({ sendFile: () => ({ conversation: 'bob', message: 'm' }) });
  return { core, tray: new TrayState(core, 'bob', { look: () => Promise.resolve(seen), clean }) };
}
const cleaned = (file: File): Promise<File> => Promise.resolve(new File(['clean'], file.name));
// Node forgets the name of a file that is cloned.
const sent = (core: FakeCore): unknown[] =>
  core.asked.map(([, params]) => {
    const p = params as { file: Blob };
    return { ...p, file: { size: p.file.size, type: p.file.type } };
  });

test('files go out in their order, cleaned, the caption with the first', async () => {
  const { core, tray: t } = tray(cleaned);
  await t.add([photo, text]);
  expect(t.cleanable).toBe(true);
  expect(t.items.map((i) => i.look.width)).toEqual([4, 4]);
  expect(await t.send('look', 'r')).toBe(true);
  expect(sent(core)).toMatchObject([
    { caption: 'look', replyTo: 'r', width: 4, voice: false, file: { size: 5, type: '' } },
    { caption: '', replyTo: '', file: { size: 4, type: 'text/plain' } }
  ]);
  expect(t.items).toEqual([]);
});

test('what cannot be cleaned is not sent as if it had been', async () => {
  const { core, tray: t } = tray(() => Promise.resolve(undefined));
  await t.add([text, photo]);
  expect(await t.send('')).toBe(false);
  expect([t.failure, t.items.length, core.asked.length]).toEqual(['not-cleaned', 1, 1]);
  t.clean = false;
  expect(await t.send('')).toBe(true);
  expect(sent(core)[1]).toMatchObject({ file: { size: 5, type: 'image/jpeg' } });
});

test('what the core does not take stays, and can be taken out', async () => {
  const { core, tray: t } = tray(cleaned);
  core.answers.sendFile = refuse('full');
  await t.add([text]);
  expect(await t.send('')).toBe(false);
  expect([t.failure, t.items.length, t.busy]).toEqual(['full', 1, false]);
  t.remove(t.items[0]?.id ?? 0);
  expect(t.items).toEqual([]);
});

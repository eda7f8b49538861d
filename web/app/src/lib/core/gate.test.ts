import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { FakeCore } from '../../../tests/support/fakecore';
import { armGate, isGesture } from './gate';

const active = { isActive: true, hasBeenActive: true };

test('an event that a script made is no gesture, nor is what only looks like an event', () => {
  const click = new Event('click');
  expect(isGesture(click, click.timeStamp, active)).toBe(false);
  const forged = { isTrusted: true, timeStamp: 0, type: 'click' } as Event;
  expect(isGesture(forged, 0, active)).toBe(false);
  const proxy = new Proxy(click, { get: (_, name) => (name === 'isTrusted' ? true : undefined) });
  expect(isGesture(proxy, 0, active)).toBe(false);
});

test('one event gives one answer, made with the key that the core got', async () => {
  let key = new Uint8Array();
  const challenge = new Uint8Array(32).fill(5);
  const core = new FakeCore({
    arm: (p) => {
      key = p.key.slice();
      return null;
    },
    challenge: () => ({ challenge })
  });
  const permit = armGate(core, (event) => event.type === 'click');
  const click = new Event('click');
  const answer = await permit(click, 'unmask');
  expect(key.length).toBe(32);
  const want = createHmac('sha256', key).update(challenge).update('unmask').digest('hex');
  expect(Buffer.from(answer).toString('hex')).toBe(want);
  await expect(permit(click, 'unmask')).rejects.toThrow('masked');
  await expect(permit(new Event('scroll'), 'unmask')).rejects.toThrow('masked');
  expect(core.asked.filter(([m]) => m === 'challenge')).toHaveLength(1);
});

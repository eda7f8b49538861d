import { describe, expect, test } from 'vitest';
import type { Device, Linking } from '$lib/core/generated/api';
import { FakeCore, refuse } from '../../../tests/support/fakecore';
import { DevicesState, deviceName } from './devices.svelte';

function device(name: string, more: Partial<Device> = {}): Device {
  return {
    id: `id of ${name}`,
    sealed: false,
    name,
    self: false,
    added: 0,
    history: null,
    ...more
  };
}

function linking(phase: Linking['phase'], more: Partial<Linking> = {}): Linking {
  return { phase, link: 'https://relay/#x', name: '', code: '', expires: 0, failure: '', ...more };
}

describe('the devices of a member', () => {
  test('are loaded, and follow what the core announces', async () => {
    const core = new FakeCore({
      devices: () => ({ devices: [device('desk', { self: true })], linking: null })
    });
    const state = new DevicesState(core);
    await state.start();
    expect(state.devices.map((d) => d.name)).toEqual(['desk']);
    expect(state.coming).toBeNull();
    const history = { done: 3, total: 9 };
    core.announce('devices', {
      devices: [device('desk', { self: true, history }), device('phone')],
      linking: null
    });
    expect(state.devices.map((d) => d.name)).toEqual(['desk', 'phone']);
    expect(state.coming).toEqual(history);
    state.stop();
    expect(core.listeners()).toBe(0);
  });

  test('a link is shown, asked for, confirmed', async () => {
    const core = new FakeCore({
      devices: () => ({ devices: [], linking: null }),
      linkDevice: () => linking('waiting'),
      confirmDevice: () => null
    });
    const state = new DevicesState(core);
    await state.start();
    expect(await state.link()).toBe(true);
    expect(state.linking?.phase).toBe('waiting');
    core.announce('linking', linking('asked', { name: 'phone', code: '123 456' }));
    expect(state.linking?.code).toBe('123 456');
    expect(await state.confirm()).toBe(true);
    core.announce('linking', linking('done'));
    expect(state.linking?.phase).toBe('done');
  });

  test('what fails says why', async () => {
    const core = new FakeCore({
      devices: () => ({ devices: [], linking: null }),
      removeDevice: refuse('unreachable'),
      cancelLink: () => null
    });
    const state = new DevicesState(core);
    await state.start();
    expect(await state.remove('x')).toBe(false);
    expect(state.failure).toBe('unreachable');
    await state.cancel();
    expect(state.linking).toBeUndefined();
    expect(state.failure).toBe('');
  });
});

test('browsers have names', () => {
  const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';
  const chrome = 'Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36';
  expect(deviceName(firefox, 'on')).toBe('Firefox on Linux');
  expect(deviceName(chrome, 'sur')).toBe('Chromium sur Android');
  expect(deviceName('curl', 'on')).toBe('Bulle');
});

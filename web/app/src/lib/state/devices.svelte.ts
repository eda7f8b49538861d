import type { Caller } from '$lib/core/core';
import type { Device, Linking } from '$lib/core/generated/api';
import { codeOf } from './session.svelte';

/** The devices of this member, and the link by which another one comes in. */
export class DevicesState {
  devices = $state.raw<Device[]>([]);
  /** The link that is open, or how the last one ended. */
  linking = $state.raw<Linking>();
  failure = $state('');
  busy = $state(false);
  private stops: (() => void)[] = [];

  constructor(private readonly core: Caller) {}

  /** How much of the history has come to this device, while it is on its way. */
  readonly coming = $derived(this.devices.find((d) => d.self)?.history);

  async start(): Promise<void> {
    this.stops = [
      this.core.on('devices', (all) => {
        this.devices = all.devices;
      }),
      this.core.on('linking', (now) => {
        this.linking = now;
      })
    ];
    await this.attempt(async () => {
      const all = await this.core.call('devices', null);
      this.devices = all.devices;
      this.linking = all.linking ?? undefined;
    });
  }

  stop(): void {
    for (const stop of this.stops) stop();
    this.stops = [];
  }

  link(): Promise<boolean> {
    return this.attempt(async () => {
      this.linking = await this.core.call('linkDevice', null);
    });
  }

  /** The digits are the same on both. */
  confirm(): Promise<boolean> {
    return this.attempt(() => this.core.call('confirmDevice', null));
  }

  async cancel(): Promise<void> {
    this.linking = undefined;
    await this.attempt(() => this.core.call('cancelLink', null));
  }

  remove(id: string): Promise<boolean> {
    return this.attempt(() => this.core.call('removeDevice', { id }));
  }

  rename(id: string, name: string): Promise<boolean> {
    return this.attempt(() => this.core.call('renameDevice', { id, name }));
  }

  skip(): Promise<boolean> {
    return this.attempt(() => this.core.call('skipHistory', null));
  }

  private async attempt(work: () => Promise<unknown>): Promise<boolean> {
    this.failure = '';
    this.busy = true;
    try {
      await work();
      return true;
    } catch (failure) {
      this.failure = codeOf(failure);
      return false;
    } finally {
      this.busy = false;
    }
  }
}

/** What a browser on a system is called first: "Firefox on Linux". */
export function deviceName(agent: string, on: string): string {
  const browser = first(agent, [
    ['Edg/', 'Edge'],
    ['Firefox/', 'Firefox'],
    ['Chrome/', 'Chromium'],
    ['Safari/', 'Safari']
  ]);
  const system = first(agent, [
    ['Android', 'Android'],
    ['iPhone', 'iPhone'],
    ['iPad', 'iPad'],
    ['Windows', 'Windows'],
    ['Mac OS', 'Mac'],
    ['Linux', 'Linux']
  ]);
  return [browser || 'Bulle', system].filter((part) => part !== '').join(` ${on} `);
}

function first(agent: string, known: [string, string][]): string {
  return known.find(([mark]) => agent.includes(mark))?.[1] ?? '';
}

import type { Recording } from '$lib/platform/recorder';
import type { Every } from './veil.svelte';

/** How many levels of its sound a voice note shows. */
export const waveformSize = 64;
/** The longest voice note, in milliseconds. */
export const longest = 15 * 60_000;
const tick = 100; // milliseconds between two looks at the level

/** What was recorded, before it is sent. */
export interface Take {
  file: File;
  duration: number;
  waveform: Uint8Array;
}

/** The recorder of a room: it asks, records, pauses, lets its member listen, and hands the take over. */
export class VoiceState {
  phase = $state<'idle' | 'asking' | 'recording' | 'paused' | 'done'>('idle');
  /** Milliseconds recorded. */
  elapsed = $state(0);
  /** The newest levels, 0 to 1. */
  levels = $state.raw<number[]>([]);
  take = $state.raw<Take>();
  /** The microphone was refused. */
  refused = $state(false);

  private recording: Recording | undefined;
  private all: number[] = [];
  private turn = 0; // grows with each start and each reset
  private stopClock = (): void => undefined;

  constructor(
    private readonly record: () => Promise<Recording>,
    private readonly every: Every
  ) {}

  async start(): Promise<void> {
    if (this.phase !== 'idle') return;
    this.phase = 'asking';
    this.refused = false;
    const turn = ++this.turn;
    let recording: Recording;
    try {
      recording = await this.record();
    } catch {
      this.refused = true;
      this.phase = 'idle';
      return;
    }
    if (turn !== this.turn) {
      recording.cancel(); // it was left while the member was asked
      return;
    }
    this.recording = recording;
    this.phase = 'recording';
    this.stopClock = this.every(tick, () => {
      if (this.phase !== 'recording') return;
      this.all.push(recording.level());
      this.levels = this.all.slice(-48);
      this.elapsed += tick;
      if (this.elapsed >= longest) void this.finish();
    });
  }

  pause(): void {
    if (this.phase !== 'recording') return;
    this.recording?.pause();
    this.phase = 'paused';
  }

  resume(): void {
    if (this.phase !== 'paused') return;
    this.recording?.resume();
    this.phase = 'recording';
  }

  /** Ends the recording, so that it can be listened to and sent. */
  async finish(): Promise<void> {
    const recording = this.recording;
    if (!recording || (this.phase !== 'recording' && this.phase !== 'paused')) return;
    this.phase = 'paused';
    this.stopClock();
    this.recording = undefined;
    const file = await recording.stop();
    this.take = { file, duration: this.elapsed, waveform: waveform(this.all) };
    this.phase = 'done';
  }

  /** Forgets everything; a microphone that is on goes off. */
  reset(): void {
    this.turn++;
    this.stopClock();
    this.recording?.cancel();
    this.recording = undefined;
    this.take = undefined;
    this.all = [];
    this.levels = [];
    this.elapsed = 0;
    this.phase = 'idle';
  }
}

/** The levels of a recording as so many bytes, the loudest as loud as can be. */
export function waveform(levels: readonly number[]): Uint8Array {
  const out = new Uint8Array(waveformSize);
  const peak = Math.max(0.05, ...levels);
  for (let i = 0; i < waveformSize; i++) {
    const from = Math.floor((i * levels.length) / waveformSize);
    const to = Math.max(from + 1, Math.floor(((i + 1) * levels.length) / waveformSize));
    const loudest = Math.max(0, ...levels.slice(from, to));
    out[i] = Math.round((255 * loudest) / peak);
  }
  return out;
}

import { expect, test } from 'vitest';
import type { Recording } from '$lib/platform/recorder';
import { longest, VoiceState, waveform } from './voice.svelte';

function recorder(): { voice: VoiceState; said: string[]; tick: () => void; allow: { yes: boolean } } {
  const said: string[] = [];
  const allow = { yes: true };
  const recording: Recording = {
    level: () => 0.5,
    pause: () => said.push('pause'),
    resume: () => said.push('resume'),
    stop: () => {
      said.push('stop');
      return Promise.resolve(new File(['sound'], 'voice.webm'));
    },
    cancel: () => said.push('cancel')
  };
  let tick = (): void => undefined;
  const voice = new VoiceState(
    () => (allow.yes ? Promise.resolve(recording) : Promise.reject(new Error('no'))),
    (_, f) => {
      tick = f;
      return () => (tick = (): void => undefined);
    }
  );
  return {
    voice,
    said,
    tick: () => {
      tick();
    },
    allow
  };
}

test('a recording is paused, goes on, and becomes a take', async () => {
  const { voice, said, tick } = recorder();
  await voice.start();
  tick();
  tick();
  voice.pause();
  tick();
  voice.resume();
  tick();
  await voice.finish();
  expect([voice.phase, voice.elapsed, voice.take?.duration]).toEqual(['done', 300, 300]);
  expect(voice.take?.waveform).toEqual(new Uint8Array(64).fill(255));
  voice.reset();
  expect([voice.phase, voice.take, voice.elapsed]).toEqual(['idle', undefined, 0]);
  expect(said).toEqual(['pause', 'resume', 'stop']);
});

test('leaving turns the microphone off, also while it is asked for', async () => {
  const { voice, said } = recorder();
  await voice.start();
  voice.reset();
  const starting = voice.start();
  voice.reset();
  await starting;
  expect([voice.phase, said]).toEqual(['idle', ['cancel', 'cancel']]);
});

test('a microphone that is refused is told', async () => {
  const { voice, allow } = recorder();
  allow.yes = false;
  await voice.start();
  expect([voice.phase, voice.refused]).toEqual(['idle', true]);
});

test('a voice note ends by itself when it is long enough', async () => {
  const { voice, tick } = recorder();
  await voice.start();
  for (let ms = 0; ms < longest; ms += 100) tick();
  await Promise.resolve();
  await Promise.resolve();
  expect([voice.phase, voice.elapsed]).toEqual(['done', longest]);
});

test('a waveform has its peaks, whatever the length', () => {
  expect(waveform([]).length).toBe(64);
  expect([...waveform([0.2])].every((b) => b === 255)).toBe(true);
  const levels = Array.from({ length: 640 }, (_, i) => (i === 320 ? 1 : 0.1));
  expect(waveform(levels)[32]).toBe(255);
  expect(waveform(levels)[0]).toBe(26);
});

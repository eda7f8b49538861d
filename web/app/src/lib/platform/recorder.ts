/** A microphone that is being recorded. */
export interface Recording {
  /** How loud it is now, 0 to 1. */
  level(): number;
  pause(): void;
  resume(): void;
  /** Ends it and gives what was recorded. */
  stop(): Promise<File>;
  /** Ends it and forgets what was recorded. */
  cancel(): void;
}

const types = ['audio/webm;codecs=opus', 'audio/ogg;codecs=opus', 'audio/mp4;codecs=opus', 'audio/mp4'];

/** Asks for the microphone and begins. It fails when the member or the browser says no. */
export async function record(): Promise<Recording> {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 }
  });
  const mimeType = types.find((type) => MediaRecorder.isTypeSupported(type));
  const recorder = new MediaRecorder(stream, { audioBitsPerSecond: 32_000, ...(mimeType && { mimeType }) });
  const parts: Blob[] = [];
  recorder.addEventListener('dataavailable', (e) => parts.push(e.data));
  const context = new AudioContext();
  const meter = context.createAnalyser();
  meter.fftSize = 1024;
  context.createMediaStreamSource(stream).connect(meter);
  const samples = new Float32Array(meter.fftSize);
  const release = (): void => {
    for (const track of stream.getTracks()) track.stop();
    void context.close();
  };
  recorder.start(1000);
  return {
    level: () => {
      meter.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, s) => sum + s * s, 0) / samples.length;
      return Math.min(1, Math.sqrt(power) * 3);
    },
    pause: () => {
      recorder.pause();
    },
    resume: () => {
      recorder.resume();
    },
    stop: () =>
      new Promise((resolve) => {
        recorder.addEventListener('stop', () => {
          release();
          const type = (recorder.mimeType || 'audio/webm').replace(/;.*/u, '');
          resolve(new File(parts, `voice.${type.endsWith('mp4') ? 'm4a' : type.slice(6)}`, { type }));
        });
        recorder.stop();
      }),
    cancel: () => {
      recorder.stop();
      release();
      parts.length = 0;
    }
  };
}

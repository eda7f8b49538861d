import type { Message } from '$lib/core/generated/api';
import { clock, kindOf } from './media';
import type { Texts } from '$lib/text/en';
import { stateIcons, type IconName } from '$lib/ui/icons';

/** One line that tells what a message is, for lists and for the middle of a history. */
export function lineOf(m: Message, withAuthor: boolean, t: Texts): string {
  if (m.kind === 'change') return changeOf(m, t);
  const what = fileLine(m, t) ?? m.text.replace(/\s+/gu, ' ');
  if (m.own) return t.chat.said(t.chat.you, what);
  return withAuthor ? t.chat.said(m.fromName, what) : what;
}

/** What a file is, or its name; what is masked tells nothing. */
function fileLine(m: Message, t: Texts): string | undefined {
  if (!m.file) return undefined;
  const kind = m.sealed ? 'file' : kindOf(m);
  if (m.file.voice && !m.sealed) return t.file.voice(clock(m.file.duration));
  if (kind === 'file' || kind === 'sound') return m.file.name;
  const word = kind === 'picture' ? t.file.photoLine : t.file.filmLine;
  return m.text ? `${word}: ${m.text.replace(/\s+/gu, ' ')}` : word;
}

/** How far an own message has come: what a list shows before it. */
export function signOf(m: Message, t: Texts): { icon: IconName; label: string } | undefined {
  if (!m.own || m.kind === 'change' || m.deleted) return undefined;
  return { icon: stateIcons[m.state], label: t.state[m.state] };
}

/** The sentence for a change of the conversation itself. */
export function changeOf(m: Message, t: Texts): string {
  const change = m.change;
  if (!change) return '';
  const who = m.own ? t.chat.you : m.fromName;
  const names = change.members.map((c) => c.name).join(', ');
  switch (change.kind) {
    case 'created':
      return t.change.created(who, change.name);
    case 'added':
      return t.change.added(who, names);
    case 'removed':
      return t.change.removed(who, names);
    case 'left':
      return t.change.left(who);
    case 'renamed':
      return t.change.renamed(who, change.name);
    case 'promoted':
      return t.change.promoted(who, names);
    case 'demoted':
      return t.change.demoted(who, names);
    case 'device':
      return t.change.device(who);
    case 'device-gone':
      return t.change.deviceGone(who);
    case 'opened':
      return t.change.opened;
    case 'lost':
      return t.change.lost;
    case 'timer':
      return change.seconds > 0 ? t.change.timer(who, durationOf(change.seconds, t)) : t.change.timerOff(who);
  }
}

/** How long a timer is: "30 seconds", "1 hour", "2 weeks". */
export function durationOf(seconds: number, t: Texts): string {
  const units = [
    ['week', 604_800],
    ['day', 86_400],
    ['hour', 3600],
    ['minute', 60]
  ] as const;
  const [name, size] = units.find(([, size]) => seconds >= size && seconds % size === 0) ?? ['second', 1];
  return t.duration[name](seconds / size);
}

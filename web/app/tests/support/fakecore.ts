import { CoreError } from '$lib/core/core';
import type { Calls, Contact, Conversation, Events, Message } from '$lib/core/generated/api';
import type { LockableCore } from '$lib/state/session.svelte';

type Answers = { [M in keyof Calls]?: (params: Calls[M]['in']) => Calls[M]['out'] };

/** A core without a worker: answers says what each method returns, and a missing one fails. */
export class FakeCore implements LockableCore {
  ready = Promise.resolve();
  locked = false;
  readonly asked: [keyof Calls, unknown][] = [];
  private readonly handlers = new Map<string, Set<(value: never) => void>>();

  constructor(readonly answers: Answers = {}) {}

  async call<M extends keyof Calls>(method: M, params: Calls[M]['in']): Promise<Calls[M]['out']> {
    const crossed = structuredClone(params); // as on the way to the worker
    this.asked.push([method, crossed]);
    await Promise.resolve();
    const answer = this.answers[method];
    if (!answer) throw new CoreError('other');
    return answer(crossed);
  }

  on<E extends keyof Events>(event: E, handle: (value: Events[E]) => void): () => void {
    const set = this.handlers.get(event) ?? new Set();
    this.handlers.set(event, set);
    set.add(handle);
    return () => set.delete(handle);
  }

  async lock(): Promise<void> {
    await Promise.resolve();
    this.locked = true;
  }

  announce<E extends keyof Events>(event: E, value: Events[E]): void {
    for (const handle of this.handlers.get(event) ?? []) handle(value as never);
  }

  /** How many listen to an event. */
  listeners(): number {
    return [...this.handlers.values()].reduce((sum, set) => sum + set.size, 0);
  }
}

/** An answer that refuses with a code. */
export function refuse(code: string): () => never {
  return () => {
    throw new CoreError(code);
  };
}

// What a screen gets, with the fields that the tests look at.

export function contact(name: string): Contact {
  const fields: Partial<Contact> = { id: `id of ${name}`, name, self: false, verified: false, devices: 1 };
  return fields as Contact;
}

export function conversation(name: string, last: Message | null, unread = 0): Conversation {
  const fields: Partial<Conversation> = {
    id: name,
    kind: 'direct',
    name,
    members: [],
    active: true,
    unread,
    count: 1,
    last,
    pending: ''
  };
  return fields as Conversation;
}

export function message(conversationID: string, cursor: number): Message {
  const fields: Partial<Message> = {
    id: `message ${cursor}`,
    conversation: conversationID,
    cursor,
    from: 'id of bob',
    fromName: 'bob',
    own: false,
    kind: 'text',
    text: `text ${cursor}`,
    file: null,
    change: null,
    sent: cursor * 1000,
    received: cursor * 1000,
    state: 'delivered',
    reason: '',
    replyTo: null,
    reactions: [],
    edited: false,
    deleted: false,
    lifetime: 0,
    expires: 0
  };
  return fields as Message;
}

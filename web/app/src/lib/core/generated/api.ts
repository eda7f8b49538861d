// Written by `go generate ./web/wasm/...`; the Go types are the source.

export interface Attachment {
  name: string;
  mediaType: string;
  size: number;
  shA256: string;
  voice: boolean;
  width: number;
  height: number;
  duration: number;
  preview: Uint8Array;
}

export interface Blocking {
  member: string;
  blocked: boolean;
}

export interface Bubble {
  address: string;
  fingerprint: string;
  founder: boolean;
}

export interface Cancelling {
  conversation: string;
  message: string;
  upload: boolean;
}

export interface Challenge {
  challenge: Uint8Array;
}

export interface Change {
  kind: 'created' | 'added' | 'removed' | 'left' | 'renamed' | 'lost' | 'timer' | 'promoted' | 'demoted' | 'opened' | 'device' | 'device-gone';
  members: Contact[];
  name: string;
  seconds: number;
}

export interface Coming {
  done: number;
  total: number;
}

export interface Contact {
  id: string;
  sealed: boolean;
  name: string;
  self: boolean;
  verified: boolean;
  devices: number;
  admin: boolean;
  blocked: boolean;
}

export interface Content {
  file: Blob;
  picture: string;
  width: number;
  height: number;
}

export interface Conversation {
  id: string;
  sealed: boolean;
  kind: 'direct' | 'group';
  name: string;
  members: Contact[];
  active: boolean;
  manages: boolean;
  muted: boolean;
  unread: number;
  seen: number;
  count: number;
  timer: number;
  last: Message | null;
  pending: '' | 'creating' | 'changing' | 'leaving';
}

export interface Deletion {
  conversation: string;
  message: string;
  everyone: boolean;
}

export interface Device {
  id: string;
  sealed: boolean;
  name: string;
  self: boolean;
  added: number;
  history: Coming | null;
}

export interface DeviceName {
  id: string;
  name: string;
}

export interface Devices {
  devices: Device[];
  linking: Linking | null;
}

export interface Draft {
  conversation: string;
  text: string;
  replyTo: string;
}

export interface Editing {
  conversation: string;
  message: string;
  text: string;
}

export interface Enrolment {
  link: string;
  name: string;
}

export interface FileAgain {
  conversation: string;
  message: string;
  file: File;
}

export interface FileDraft {
  conversation: string;
  caption: string;
  file: File;
  replyTo: string;
  voice: boolean;
  width: number;
  height: number;
  duration: number;
  preview: Uint8Array;
}

export interface Gone {
  conversation: string;
  message: string;
  cursor: number;
}

export interface ID {
  id: string;
}

export interface InviteTerms {
  uses: number;
  hours: number;
}

export interface Item {
  conversation: string;
  item: string;
}

export interface Key {
  key: Uint8Array;
}

export interface Link {
  link: string;
}

export interface LinkKind {
  kind: 'invitation' | 'claim' | 'device';
  address: string;
}

export interface Linking {
  phase: 'waiting' | 'asked' | 'confirming' | 'done' | 'failed';
  link: string;
  name: string;
  code: string;
  expires: number;
  failure: string;
}

export interface Mask {
  on: boolean;
  seconds: number;
}

export interface Match {
  matches: boolean;
}

export interface Membership {
  conversation: string;
  members: string[];
}

export interface Message {
  id: string;
  sealed: boolean;
  conversation: string;
  cursor: number;
  from: string;
  fromName: string;
  own: boolean;
  kind: 'text' | 'file' | 'change';
  text: string;
  file: Attachment | null;
  change: Change | null;
  sent: number;
  received: number;
  state: 'queued' | 'relayed' | 'delivered' | 'read' | 'failed';
  reason: '' | 'file' | 'removed' | 'too-large' | 'cancelled';
  replyTo: Quote | null;
  reactions: Reaction[];
  edited: boolean;
  deleted: boolean;
  lifetime: number;
  expires: number;
}

export interface MessageID {
  conversation: string;
  message: string;
}

export interface Messages {
  messages: Message[];
}

export interface Muting {
  conversation: string;
  muted: boolean;
}

export interface Naming {
  conversation: string;
  name: string;
}

export interface NewGroup {
  name: string;
  members: string[];
}

export interface NewMask {
  on: boolean;
  seconds: number;
  answer: Uint8Array;
}

export interface NewPassphrase {
  old: string;
  new: string;
  rotate: boolean;
}

export interface NewVault {
  passphrase: string;
  keep: boolean;
}

export interface Overview {
  self: Contact;
  bubble: Bubble;
  contacts: Contact[];
  conversations: Conversation[];
  status: Status;
  settings: Settings;
  mask: Mask;
}

export interface Page {
  conversation: string;
  around: string;
  oldest: boolean;
  after: number;
  before: number;
  limit: number;
}

export interface Passphrase {
  passphrase: string;
}

export interface Pausing {
  conversation: string;
  message: string;
  upload: boolean;
  paused: boolean;
}

export interface Query {
  conversation: string;
  text: string;
  before: number;
  limit: number;
}

export interface Quote {
  message: string;
  from: string;
  fromName: string;
  own: boolean;
  kind: 'text' | 'file' | 'change';
  text: string;
  gone: boolean;
}

export interface Reacting {
  conversation: string;
  message: string;
  emoji: string;
}

export interface Reaction {
  emoji: string;
  count: number;
  own: boolean;
  names: string[];
}

export interface Reading {
  conversation: string;
  upto: number;
}

export interface Reveal {
  conversation: string;
  item: string;
  held: boolean;
  answer: Uint8Array;
}

export interface Role {
  conversation: string;
  member: string;
  admin: boolean;
}

export interface SafetyNumber {
  digits: string;
  words: string;
  payload: Uint8Array;
}

export interface Scan {
  member: string;
  payload: Uint8Array;
}

export interface Sealed {
  conversation: string;
  item: string;
  sealed: string[];
}

export interface Settings {
  noReceipts: boolean;
  notices: 'off' | 'bare' | 'name' | 'text';
}

export interface State {
  vault: 'none' | 'locked' | 'open';
  enrolled: boolean;
}

export interface Status {
  state: 'stopped' | 'connecting' | 'online' | 'offline';
  reason: string;
  latency: number;
  queued: number;
}

export interface Strength {
  bits: number;
  floor: number;
  hint: string;
}

export interface Texts {
  texts: string[];
}

export interface Timer {
  conversation: string;
  seconds: number;
}

export interface Transfer {
  conversation: string;
  message: string;
  upload: boolean;
  state: 'waiting' | 'moving' | 'paused' | 'ended';
  done: number;
  total: number;
}

export interface Transfers {
  transfers: Transfer[];
}

export interface Verification {
  member: string;
  verified: boolean;
}

export interface Warning {
  kind: 'fork' | 'rollback' | 'truncated' | 'credential' | 'lost' | 'not-admin';
}

export interface Calls {
  state: { in: null; out: State };
  makePassphrase: { in: null; out: Passphrase };
  judgePassphrase: { in: Passphrase; out: Strength };
  createVault: { in: NewVault; out: null };
  unlock: { in: Passphrase; out: null };
  forgetVault: { in: null; out: null };
  changePassphrase: { in: NewPassphrase; out: null };
  readLink: { in: Link; out: LinkKind };
  enrol: { in: Enrolment; out: null };
  overview: { in: null; out: Overview };
  direct: { in: ID; out: Conversation };
  history: { in: Page; out: Messages };
  search: { in: Query; out: Messages };
  send: { in: Draft; out: MessageID };
  sendFile: { in: FileDraft; out: MessageID };
  sendFileAgain: { in: FileAgain; out: null };
  readFile: { in: MessageID; out: Content };
  transfers: { in: ID; out: Transfers };
  pauseTransfer: { in: Pausing; out: null };
  cancelTransfer: { in: Cancelling; out: null };
  retry: { in: MessageID; out: null };
  react: { in: Reacting; out: null };
  edit: { in: Editing; out: null };
  delete: { in: Deletion; out: null };
  setTimer: { in: Timer; out: null };
  markRead: { in: Reading; out: null };
  createGroup: { in: NewGroup; out: Conversation };
  addMembers: { in: Membership; out: null };
  removeMembers: { in: Membership; out: null };
  setRole: { in: Role; out: null };
  leave: { in: ID; out: null };
  rename: { in: Naming; out: null };
  safetyNumber: { in: ID; out: SafetyNumber };
  compare: { in: Scan; out: Match };
  markVerified: { in: Verification; out: null };
  block: { in: Blocking; out: null };
  mute: { in: Muting; out: null };
  invite: { in: InviteTerms; out: Link };
  devices: { in: null; out: Devices };
  linkDevice: { in: null; out: Linking };
  confirmDevice: { in: null; out: null };
  cancelLink: { in: null; out: null };
  removeDevice: { in: ID; out: null };
  renameDevice: { in: DeviceName; out: null };
  skipHistory: { in: null; out: null };
  setSettings: { in: Settings; out: null };
  arm: { in: Key; out: null };
  challenge: { in: null; out: Challenge };
  setMask: { in: NewMask; out: null };
  reveal: { in: Reveal; out: null };
  unseal: { in: Sealed; out: Texts };
  shorten: { in: null; out: null };
  spend: { in: Item; out: null };
  cover: { in: null; out: null };
}

export interface Events {
  contact: Contact;
  conversation: Conversation;
  covered: null;
  devices: Devices;
  gone: Gone;
  linking: Linking;
  message: Message;
  missed: null;
  removed: null;
  state: Message;
  status: Status;
  transfer: Transfer;
  warning: Warning;
}

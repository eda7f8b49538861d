/** Every sentence of the app. French has the same keys: the compiler sees to it. */
export const en = {
  app: { name: 'Bulle', tagline: 'Messages that only the people in them can read.' },
  action: {
    add: 'Add',
    attach: 'Attach a file',
    back: 'Back',
    cancel: 'Cancel',
    close: 'Close',
    continue: 'Continue',
    copy: 'Copy',
    copied: 'Copied',
    create: 'Create',
    download: 'Save',
    leave: 'Leave',
    lock: 'Lock',
    more: 'More',
    remove: 'Remove',
    rename: 'Rename',
    retry: 'Try again',
    save: 'Save',
    search: 'Search',
    send: 'Send',
    show: 'Show',
    hide: 'Hide'
  },
  welcome: {
    title: 'Join a bubble',
    link: 'Invitation or claim link',
    linkHint:
      'Paste the link that you were given. It carries the keys of the bubble; nobody else should have it.',
    linkBad: 'This is not a link of Bulle. Ask for it again and copy it whole.',
    invitation: (address: string) => `An invitation to the bubble at ${address}.`,
    device: (address: string) => `This link adds this device to your account at ${address}.`,
    deviceName: 'Name of this device',
    deviceNameHint: 'Only your own devices show it.',
    linkDevice: 'Link this device',
    account: 'I already have an account',
    accountHint:
      'On your other device open Settings, choose “Link a device”, and open that link here, or paste it above.',
    compare: 'Your other device must show these digits. Confirm them there:',
    claim: (address: string) => `A fresh relay at ${address}: you will be its founder.`,
    name: 'Your name here',
    nameHint: 'A pseudonym. No phone number, no e-mail.',
    passphrase: 'Passphrase',
    passphraseHint:
      'A few words that only you know. They seal your messages on this device. Nobody can recover them for you: write them down and keep them safe.',
    foundTitle: 'Found a bubble',
    change: 'Change',
    madeHint: 'These words are yours now. Write them down on paper before you go on.',
    generate: 'Make a strong one',
    repeat: 'Passphrase again',
    repeatBad: 'The two passphrases are not the same.',
    keep: 'Keep my messages on this device, sealed',
    keepHint: 'Otherwise everything lives in memory and is gone when this tab closes.',
    join: 'Join',
    found: 'Found the bubble',
    working: 'Making your keys…'
  },
  strength: {
    weak: (bits: number, floor: number) => `Too weak: about ${bits} bits, at least ${floor} are needed.`,
    fair: (bits: number) => `About ${bits} bits: good.`,
    strong: (bits: number) => `About ${bits} bits: very strong.`
  },
  unlock: {
    title: 'Welcome back',
    open: 'Unlock',
    working: 'Opening…',
    other: 'Forget everything here',
    hint: 'Your messages are sealed on this device.',
    forgot: 'Passphrase forgotten?',
    forgotHint:
      'Nobody can recover it, not even the relay: your messages are sealed with it. Take your time, it may come back to you.',
    forgetHint:
      'You can remove what is sealed on this device and join again with a new invitation. The messages that are here are then lost.'
  },
  start: {
    starting: 'Starting…',
    failed: 'Bulle cannot start here',
    reload: 'Reload the page'
  },
  list: {
    title: 'Conversations',
    search: 'Search people and messages',
    empty: 'Nobody has written yet.',
    emptyHint: 'Choose a person, or make a group.',
    noMatch: 'Nothing found.',
    people: 'People',
    messages: 'Messages',
    newGroup: 'New group',
    invite: 'Invite someone',
    settings: 'Settings',
    unread: (n: number) => (n === 1 ? '1 unread message' : `${n} unread messages`)
  },
  chat: {
    pick: 'Choose a conversation',
    pickHint: 'Or write to somebody new from the list.',
    write: (name: string) => `Write to ${name}`,
    empty: 'No messages yet. What you write here, only its members can read.',
    today: 'Today',
    yesterday: 'Yesterday',
    you: 'You',
    inactive: 'You are no longer in this group. What was said stays readable.',
    unsent: 'What you were writing was not sent:',
    details: 'Details',
    members: (n: number) => (n === 1 ? '1 member' : `${n} members`),
    latest: 'Newest messages',
    news: (n: number) => (n === 1 ? '1 new message' : `${n} new messages`),
    unread: 'New',
    above: (n: number) => `${n} new above`,
    drop: 'Drop files to send them',
    tooLong: 'This is too long to send: make it shorter or send it as a file.'
  },
  file: {
    tray: 'Files to send',
    caption: 'Write something with it',
    clean: 'Take place, time and camera out of the pictures',
    discard: 'Discard',
    view: (name: string) => `Open ${name}`,
    coming: 'Fetching…',
    none: 'This cannot be shown here. Save it to open it.',
    zoom: 'Full size',
    earlier: 'Earlier picture',
    later: 'Later picture',
    pause: 'Pause',
    resume: 'Continue',
    cancel: 'Give up',
    paused: 'paused',
    waiting: 'waiting',
    rate: (size: string) => `${size}/s`,
    again: 'Choose the file again',
    play: 'Play',
    seek: 'Position',
    speed: (speed: string) => `Speed ${speed}`,
    voice: (time: string) => `Voice note, ${time}`,
    record: 'Record a voice note',
    recording: 'Voice note',
    asking: 'Waiting for the microphone…',
    pauseRecording: 'Pause recording',
    resumeRecording: 'Go on recording',
    finish: 'Stop and listen',
    sendVoice: 'Send the voice note',
    noMicrophone: 'The microphone cannot be used. Allow it in the browser and try again.',
    photoLine: 'Photo',
    filmLine: 'Video'
  },
  state: {
    queued: 'Waiting for the relay',
    relayed: 'On the relay',
    delivered: 'Delivered',
    read: 'Read',
    failed: 'Not sent'
  },
  reason: {
    '': '',
    file: 'The file is gone or has changed.',
    removed: 'You are no longer in this conversation.',
    'too-large': 'It is too large.',
    cancelled: 'You gave it up.'
  },
  change: {
    created: (who: string, name: string) => `${who} created ${name}`,
    added: (who: string, names: string) => `${who} added ${names}`,
    removed: (who: string, names: string) => `${who} removed ${names}`,
    left: (who: string) => `${who} left`,
    renamed: (who: string, name: string) => `${who} named the group ${name}`,
    promoted: (who: string, names: string) => `${who} made ${names} administrator`,
    demoted: (who: string, names: string) => `${who} took the administration from ${names}`,
    opened: 'No administrator is left: everybody may change the group.',
    lost: 'Some messages were gone from the relay before this device could read them.',
    timer: (who: string, time: string) => `${who} set messages to disappear ${time} after they are read`,
    timerOff: (who: string) => `${who} switched disappearing messages off`,
    device: (who: string) => `${who} came with another device`,
    deviceGone: (who: string) => `${who} removed a device`
  },
  duration: {
    second: (n: number) => (n === 1 ? '1 second' : `${n} seconds`),
    minute: (n: number) => (n === 1 ? '1 minute' : `${n} minutes`),
    hour: (n: number) => (n === 1 ? '1 hour' : `${n} hours`),
    day: (n: number) => (n === 1 ? '1 day' : `${n} days`),
    week: (n: number) => (n === 1 ? '1 week' : `${n} weeks`)
  },
  link: {
    stopped: 'Not connected',
    connecting: 'Connecting…',
    online: 'Connected',
    offline: 'The relay cannot be reached. What you send waits here.'
  },
  group: {
    title: 'New group',
    name: 'Name of the group',
    members: 'Members',
    add: 'Add members',
    leaveTitle: 'Leave this group?',
    leaveHint: 'You keep what was said. You get nothing that is said later.',
    removeTitle: (name: string) => `Remove ${name}?`,
    removeHint: 'They keep what they have read. They get nothing that is said later.'
  },
  contact: {
    verify: 'Safety number',
    verifyHint: (name: string) =>
      `Compare these digits with ${name} over another way, a call or face to face. If they are the same, nobody stands between you.`,
    verified: 'Verified',
    unverified: 'Not verified',
    mark: 'They are the same',
    unmark: 'No longer verified',
    write: 'Write'
  },
  scan: {
    invitation: 'Scan an invitation',
    number: 'Scan their code',
    aim: 'Hold the code in front of the camera.',
    none: 'No camera was found. Choose or paste a picture of the code.',
    refused: 'The camera is not allowed. Allow it in the browser, or choose or paste a picture of the code.',
    picture: 'Choose a picture',
    empty: 'There is no code in this picture.',
    wrong: 'This is another kind of code.',
    code: 'Code for the camera of the other one'
  },
  invite: {
    title: 'Invite someone',
    uses: 'How many people may use it',
    hours: 'Valid for',
    day: 'one day',
    week: 'one week',
    month: 'one month',
    make: 'Make a link',
    hint: 'Whoever holds the link can join. Give it in person or over a way that you trust.'
  },
  settings: {
    title: 'Settings',
    you: 'You',
    look: 'Look',
    language: 'Language',
    theme: 'Theme',
    system: 'As the system',
    light: 'Light',
    dark: 'Dark',
    contrast: 'High contrast',
    privacy: 'Privacy',
    receipts: 'Tell others when I read',
    passphrase: 'Change the passphrase',
    old: 'Present passphrase',
    new: 'New passphrase',
    changed: 'The passphrase is changed.',
    bubble: 'Bubble',
    relay: 'Relay',
    fingerprint: 'Fingerprint of the relay'
  },
  devices: {
    title: 'Your devices',
    self: 'this one',
    unnamed: 'A device',
    name: 'Name of the device',
    since: (day: string) => `since ${day}`,
    history: (done: number, total: number) => `conversations on their way: ${done} of ${total}`,
    rename: (name: string) => `Rename ${name}`,
    remove: (name: string) => `Remove ${name}`,
    removeHint:
      'It is cut off at once, leaves every conversation, and erases what it holds when it learns of it.',
    removeNow: 'Remove it',
    link: 'Link a device',
    linkHint:
      'Open this link on your other device: in a browser, or with bulle link. It lasts ten minutes; show it to nobody.',
    waiting: 'Waiting for your other device…',
    asks: (name: string) => `${name} asks to be your device. Its screen must show:`,
    code: 'Digits to compare',
    compare:
      'If the digits differ, or no device in front of you shows them, somebody else is trying to get in.',
    same: 'They are the same',
    different: 'They differ',
    done: 'Linked. Your conversations are on their way: leave Bulle open here until they are there.',
    coming: (done: number, total: number) =>
      `Your conversations are on their way: ${done} of ${total} messages`,
    skip: 'Go on without the rest',
    on: 'on'
  },
  keeping: {
    title: 'This device',
    kept: 'The browser keeps what is sealed here until you delete it.',
    refused:
      'The browser may delete what is sealed here when its disk runs full. Installing Bulle as an app usually prevents that; a second device is the surest copy.',
    unknown: 'The browser has not said yet whether it keeps what is sealed here.',
    memory: 'Nothing is kept here: it all goes with this tab.'
  },
  release: {
    refused:
      'The relay offers an app that is not the one its makers signed. It was refused and the earlier one stays; tell your administrator.',
    new: 'A newer version of Bulle is here. Reload the page to use it.'
  },
  mask: {
    title: 'Mask the screen',
    hint: 'Names and messages show as ciphertext. A padlock or a tap shows one, for a moment.',
    seconds: 'Show for how many seconds',
    message: 'Masked message, press Enter to show',
    notice: 'Masked notice',
    conversation: 'Masked conversation',
    name: 'Masked name',
    write: 'Write to this conversation',
    open: 'Show this conversation',
    people: 'Show the names',
    close: 'Mask again',
    left: (seconds: number) => (seconds === 1 ? '1 second left' : `${seconds} seconds left`)
  },
  warning: {
    fork: 'The relay shows two different histories of this bubble. Do not trust it; tell your administrator.',
    rollback: 'This device was restored from an older copy. Its keys were renewed.',
    truncated: 'Some messages expired on the relay before this device could read them.',
    credential: 'A device that the bubble does not know tried to enter a conversation. It was refused.',
    lost: 'A group went on while this device was away for too long. Ask a member to add you again.',
    'not-admin': 'A change of a group was dropped: you are no longer its administrator.'
  },
  error: {
    'bad-link': 'This is not a usable link. Ask for it again and copy it whole.',
    'link-expired': 'The invitation has expired. Ask for a new one.',
    'link-used': 'The invitation has been used up. Ask for a new one.',
    claimed: 'This relay has already been claimed. Ask its founder for an invitation.',
    'name-taken': 'This name is already taken here. Choose another one.',
    'bad-name': 'A name has 1 to 64 bytes and no control characters.',
    pin: 'The relay shows another key than the one that the link promised. Somebody may stand between: do not go on.',
    unreachable: 'The relay cannot be reached. Check the network and try again.',
    refused: 'The relay refused this device.',
    passphrase: 'This is not the passphrase of this vault.',
    'weak-passphrase': 'This passphrase is too weak.',
    'in-use': 'Bulle is open in another tab. Close it first.',
    damaged: 'The vault is damaged. Nothing was changed.',
    full: 'There is no room left on this device. Nothing was lost.',
    locked: 'Bulle is locked.',
    'too-large': 'This is too large to send.',
    'not-allowed': 'Only the founder may do this.',
    'not-member': 'You are no longer in this conversation.',
    'not-on-its-way': 'This file is not on its way any more.',
    'other-file': 'This is another file than the one that was being sent.',
    cancelled: 'You gave it up.',
    'not-admin': 'Only an administrator of the group may do this.',
    inside: 'They are in the group already.',
    'not-inside': 'They are not in the group.',
    'not-cleaned':
      'A place or a time could not be taken out of a picture. Nothing of it was sent: leave the box empty to send it as it is.',
    'file-gone': 'The file is no longer on the relay.',
    'file-damaged': 'The file is damaged and was not kept.',
    'no-wasm':
      'This browser has WebAssembly switched off, which Bulle decrypts with. A strict or lockdown mode may do that: allow it for this page, or take another browser.',
    'no-workers': 'This browser is too old for Bulle. Take a newer one.',
    'no-storage':
      'This browser does not let pages keep anything, which Bulle needs even to look for a vault. Allow it for this page, or leave the private window.',
    'not-secure':
      'This page was not opened over https, so the browser withholds what Bulle encrypts with. Open it with https.',
    'core-failed': 'The core could not start. Reload the page.',
    'core-ended': 'The core has stopped. Reload the page.',
    masked: 'This is masked. Press the padlock to show it.',
    removed:
      'This device was removed from your account, and what it held was erased. Delete its vault and link it anew.',
    'no-device': 'You have no other device like that.',
    'link-over': 'This link is over. Make a new one on your other device.',
    'link-raced':
      'Another device used this link too. Nothing was given away: make a new link where nobody else sees it.',
    'link-cancelled': 'The other device said no.',
    other: 'That did not work. Try again.'
  }
};

/** The shape that each language has. */
export type Texts = typeof en;

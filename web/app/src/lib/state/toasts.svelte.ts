/** A few words at the foot of the screen. */
export interface Note {
  text: string;
  kind?: 'note' | 'danger';
  actionLabel?: string;
  onaction?: () => void;
}

interface Shown extends Note {
  id: number;
}

const lifetime = 6000; // milliseconds; one that asks for something stays until it is answered
const most = 3;

/** What just happened and is soon forgotten. Words about a masked conversation do not belong here. */
export class Toasts {
  list = $state.raw<readonly Shown[]>([]);
  private next = 1;

  show(note: Note): void {
    const shown = { ...note, id: this.next++ };
    this.list = [...this.list.filter((old) => old.text !== note.text), shown].slice(-most);
    if (!note.onaction && note.kind !== 'danger') {
      setTimeout(() => {
        this.close(shown.id);
      }, lifetime);
    }
  }

  close(id: number): void {
    this.list = this.list.filter((old) => old.id !== id);
  }
}

/** Those of the app. */
export const toasts = new Toasts();

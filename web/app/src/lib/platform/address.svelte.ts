/** The address of some bytes as a file of the browser's memory, for as long as the component that asks lives. */
export function addressOf(bytes: () => Uint8Array | Blob | undefined): { readonly url: string } {
  let url = $state('');
  $effect(() => {
    const b = bytes();
    if (!b || (b instanceof Blob ? b.size : b.length) === 0) return undefined;
    const made = URL.createObjectURL(b instanceof Blob ? b : new Blob([b.slice()], { type: 'image/jpeg' }));
    url = made;
    return () => {
      URL.revokeObjectURL(made);
      url = '';
    };
  });
  return {
    get url() {
      return url;
    }
  };
}

/** What the states of files need of the browser. */
export const shelf = {
  address: (file: Blob): string => URL.createObjectURL(file),
  revoke: (url: string): void => {
    URL.revokeObjectURL(url);
  },
  now: (): number => performance.now()
};

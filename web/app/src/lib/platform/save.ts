/** Hands a file to the browser's own download, under a name. It leaves the vault's protection. */
export function saveFile(name: string, file: Blob): void {
  const url = URL.createObjectURL(file.slice(0, file.size, 'application/octet-stream'));
  const a = document.createElement('a');
  a.href = url;
  a.download = name;
  a.click();
  setTimeout(() => {
    URL.revokeObjectURL(url);
  }, 10_000);
}

/**
 * Takes the link that the page was opened with, and removes its secret part from the address bar and
 * the history entry, where a screenshot or a neighbour could read it.
 */
export function takeFragment(location: Location, history: History): string {
  if (location.hash.length < 2) return '';
  // The local shell hands over a whole link, because its own address is not the relay's.
  const whole = location.hash.startsWith('#https://');
  const link = whole ? location.hash.slice(1) : `${location.origin}/${location.hash}`;
  history.replaceState(null, '', location.pathname + location.search);
  return link;
}

/**
 * Tells when an element comes into sight, when it is out of it (also when it begins there), and when it is
 * gone from the page. For `{@attach}`.
 */
export function sight(enter: () => void, leave: () => void, gone: () => void): (node: Element) => () => void {
  return (node) => {
    const observer = new IntersectionObserver((entries) => {
      if (entries.at(-1)?.isIntersecting === true) enter();
      else leave();
    });
    observer.observe(node);
    return () => {
      observer.disconnect();
      gone();
    };
  };
}

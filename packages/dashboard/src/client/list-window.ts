import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
  type VirtualItem,
} from "./lib/virtual-core/index.js";

/** Which rows of a long list are in sight. */
export interface ListWindow {
  setCount(count: number): void;
  /** Height of all rows, px. */
  height(): number;
  items(): readonly VirtualItem[];
}

/** Height of most rows, px: what one is expected to have before it is measured. */
const ROW = 79;

/** Follows the page's scroller; rows are measured when they are drawn. */
export function createWindow(onChange: () => void): ListWindow {
  let count = 0;
  const options = () => ({
    count,
    getScrollElement: () => document.querySelector<HTMLElement>(".scroller"),
    estimateSize: () => ROW,
    overscan: 6,
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    onChange,
    initialRect: { width: 0, height: innerHeight },
  });
  const virtualizer = new Virtualizer<HTMLElement, Element>(options());
  virtualizer._didMount();

  document.addEventListener("drawn", () => {
    virtualizer._willUpdate();
    for (const row of document.querySelectorAll(".scroller [data-index]")) virtualizer.measureElement(row);
  });

  return {
    setCount(next) {
      count = next;
      virtualizer.setOptions(options());
    },
    height: () => virtualizer.getTotalSize(),
    items: () => virtualizer.getVirtualItems(),
  };
}

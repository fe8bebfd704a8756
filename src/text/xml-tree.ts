/** Elements of XML as a tree, from what a parser reports one after the other. */

/** `Tag` is what is known of an element when it begins. */
export type XmlNode<Tag> = Tag & {
  readonly children: readonly XmlNode<Tag>[];
  /** Character data directly inside, joined. */
  readonly text: string;
};

export interface TreeBuilder<Tag> {
  open(tag: Tag): void;
  /** Character data of the element that is open; outside of any it is dropped. */
  addText(text: string): void;
  /** Ends the element that was opened last: it is a child of the one around it. null: none is open. */
  close(): XmlNode<Tag> | null;
  /** How many are open. */
  depth(): number;
  /** Gives up what is open. */
  clear(): void;
}

export function createTreeBuilder<Tag extends object>(): TreeBuilder<Tag> {
  type Opened = Tag & { readonly children: XmlNode<Tag>[]; text: string };
  const opened: Opened[] = [];
  return {
    open: (tag) => {
      opened.push({ ...tag, children: [], text: '' });
    },
    addText: (text) => {
      const last = opened.at(-1);
      if (last !== undefined) last.text += text;
    },
    close: () => {
      const closed = opened.pop() ?? null;
      if (closed !== null) opened.at(-1)?.children.push(closed);
      return closed;
    },
    depth: () => opened.length,
    clear: () => {
      opened.length = 0;
    },
  };
}

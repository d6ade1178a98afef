/** The few things the views need of the DOM. Text enters the page as text, never as markup. */

type ElementType<T extends Element> = abstract new () => T;

/** The element with this id; throws where the page has none of that type. */
export function byId<T extends Element>(id: string, type: ElementType<T>): T {
  return checked(document.querySelector(`#${id}`), type, `#${id}`);
}

/** The part of that name inside of `root`. */
export function part<T extends Element>(root: ParentNode, name: string, type: ElementType<T>): T {
  return checked(root.querySelector(`[data-part="${name}"]`), type, name);
}

function checked<T extends Element>(found: Element | null, type: ElementType<T>, what: string): T {
  if (found instanceof type) return found;
  throw new Error(`the page has no ${type.name} ${what}`);
}

/** A new copy of what the template holds. */
export function copyOf(templateId: string): HTMLElement {
  const { content } = byId(templateId, HTMLTemplateElement);
  const root = document.importNode(content, true).firstElementChild;
  return checked(root, HTMLElement, templateId);
}

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (className !== "") made.className = className;
  made.append(...children);
  return made;
}

/** Leaves the node alone where it already says so: a rewritten text loses its selection. */
export function setText(node: Element, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** Shows a message, or hides its place. */
export function setMessage(node: HTMLElement, text: string | null): void {
  setText(node, text ?? "");
  node.hidden = text === null;
}

export function onClick(
  id: string,
  action: () => void,
  options: AddEventListenerOptions = {},
): void {
  byId(id, HTMLButtonElement).addEventListener("click", action, options);
}

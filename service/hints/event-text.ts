/** Events as text/event-stream has them (HTML standard, section 9.2). */

export interface StreamEvent {
  readonly name: string;
  readonly data: unknown;
  /** Where a later stream goes on. */
  readonly position?: number;
}

export function eventText({ name, data, position }: StreamEvent): string {
  const id = position === undefined ? "" : `id: ${position}\n`;
  return `${id}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Not an event to anybody; the position spares who is cut later most of what came before. */
export function heartbeatText(position: number): string {
  return `: \nid: ${position}\n\n`;
}

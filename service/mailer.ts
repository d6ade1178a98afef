/** How mail leaves the service: SMTP on Node, whatever there is elsewhere. */

export interface Mail {
  /** One address, as `readAddress` writes it. */
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

export interface Mailer {
  /**
   * Whether the mail is on its way; false where there is no such mailbox, which nobody is told. Rejects where no mail
   * can be sent now, with an error whose `code`, if it has one, goes into the log.
   */
  send(mail: Mail): Promise<boolean>;
}

export interface EmailSettings {
  readonly mailer: Mailer;
  /** What mails call the app; without it they name the address of the page that asked. */
  readonly appName?: string;
}

/** Where a command prints. */
export interface Output {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** What stdout prints can be redrawn. */
  readonly isTerminal?: boolean;
}

/** The place beside the services where a demonstration is steered; elsewhere there is nothing to steer. */

export function DemoControls() {
  return null;
}

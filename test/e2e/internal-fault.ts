/** Loaded before the proxy by secrets.test.ts: faults inside, whose messages hold all that a phone sent. */

const get = URLSearchParams.prototype.get;

URLSearchParams.prototype.get = function getOrBreak(name: string): string | null {
  if (this.has('break')) throw new TypeError(`cannot read ${name} of ${this} nor of /fippa/SEP1?${this}`);
  return get.call(this, name);
};

process.on('SIGUSR2', () => {
  throw new Error('id=CANARYid&password=CANARYpassword of /fippa/SEP1;jsessionid=CANARYsession?extension=CANARYext');
});

// A phone that asks one address again and again, each time on a connection of its own, and prints what it gets: a line for each
// request, `ok` or what was wrong, and the time in ms that it took. Plain Node.js, since it runs on a machine of its own.
import { get } from 'node:http';

const [url = ''] = process.argv.slice(2);

function ask() {
  const began = performance.now();
  let isOver = false;
  const end = (outcome) => {
    if (isOver) return;
    isOver = true;
    console.log(`${outcome} ${Math.round(performance.now() - began)}`);
    setTimeout(ask, 100);
  };
  const request = get(url, { agent: false, timeout: 1000 }, (response) => {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (more) => {
      text += more;
    });
    response.on('end', () => end(text.includes('CiscoIPPhone') ? 'ok' : 'no-page'));
  });
  request.on('timeout', () => request.destroy());
  request.on('error', (error) => end(`failed:${error.code}`));
}
ask();

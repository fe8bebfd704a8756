/** The frame of the pages that need no JavaScript. Pure. */

/** `title` and `body` are markup: what is not known to be harmless in them is escaped by who calls. */
export function renderPlainPage(language: string, title: string, body: string): string {
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<title>${title} · ippa-proxy</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="/console/icons/unknown.svg" type="image/svg+xml">
<link rel="stylesheet" href="/console/base.css">
<link rel="stylesheet" href="/console/views.css">
</head>
<body>
<main class="facts">
${body}
</main>
</body>
</html>
`;
}

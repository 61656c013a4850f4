// Draws what a page shows as an SVG of plain text: boxes, borders and runs of characters, each where it stands.
() => {
  "use strict";
  const out = [];
  const thick = [];
  const width = document.documentElement.clientWidth;
  const height = document.documentElement.scrollHeight;
  const pen = document.createElement("canvas").getContext("2d");
  const short = number => String(Math.round(number * 10) / 10);
  const escaped = text => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
  const isClear = colour => colour === "transparent" || /^rgba\(.*, 0\)$/.test(colour);
  const hex = colour => {
    const parts = colour.match(/[\d.]+/g).map(Number);
    return "#" + parts.slice(0, 3).map(part => Math.round(part).toString(16).padStart(2, "0")).join("");
  };

  // The box by which an element's content is cut off to the right, and whether three dots say so.
  const cut = element => {
    for (let each = element; each && each !== document.body; each = each.parentElement) {
      const style = getComputedStyle(each);
      if (style.overflowX === "visible" || style.display === "inline") continue;
      return { right: each.getBoundingClientRect().right, dots: style.textOverflow === "ellipsis" };
    }
    return { right: width, dots: false };
  };

  const rectangle = (x, y, w, h, looks) => out.push(
    `<rect x="${short(x)}" y="${short(y)}" width="${short(w)}" height="${short(h)}" ${looks}/>`);

  const box = (element, style) => {
    const { x, y, width: w, height: h } = element.getBoundingClientRect();
    const radius = Math.min(parseFloat(style.borderTopLeftRadius) || 0, w / 2, h / 2);
    const round = style.borderTopLeftRadius.endsWith("%") ? h / 2 : radius;
    const rx = round ? ` rx="${short(round)}"` : "";
    if (!isClear(style.backgroundColor)) rectangle(x, y, w, h, `fill="${hex(style.backgroundColor)}"${rx}`);
    if (style.backgroundImage.includes("gradient")) rectangle(x, y, w, h, 'fill="url(#hatch)"');
    const sides = ["Top", "Right", "Bottom", "Left"].map(side => ({
      side, size: parseFloat(style[`border${side}Width`]), colour: style[`border${side}Color`],
      drawn: !["none", "hidden"].includes(style[`border${side}Style`]), dashed: style[`border${side}Style`] === "dashed",
    })).filter(each => each.drawn && each.size > 0 && !isClear(each.colour));
    const shared = ["td", "th"].includes(element.localName) && style.borderCollapse === "collapse";
    const same = sides.length === 4 && !shared && sides.every(each => each.size === sides[0].size && each.colour === sides[0].colour);
    if (same) {
      const { size, colour, dashed } = sides[0];
      const dashes = dashed ? ' stroke-dasharray="3 2"' : "";
      rectangle(x + size / 2, y + size / 2, w - size, h - size,
        `fill="none" stroke="${hex(colour)}" stroke-width="${short(size)}"${dashes}${rx}`);
      return;
    }
    // Cells that share their borders have them on the edge, and the thicker of two is seen.
    for (const { side, size, colour } of sides) {
      const over = shared ? size / 2 : 0;
      const at = { Top: [x, y - over, w, size], Bottom: [x, y + h - size + over, w, size],
        Left: [x - over, y, size, h], Right: [x + w - size + over, y, size, h] }[side];
      const draw = () => rectangle(...at, `fill="${hex(colour)}"`);
      if (shared && size > 2) thick.push(draw);
      else draw();
    }
  };

  const write = (text, x, top, length, style) => {
    if (!text.trim()) return;
    pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    const baseline = top + pen.measureText(text).fontBoundingBoxAscent;
    const looks = [`class="${/serif/i.test(style.fontFamily.split(",")[0]) ? "s" : "t"}"`,
      `font-size="${short(parseFloat(style.fontSize))}"`, `fill="${hex(style.color)}"`];
    if (Number(style.fontWeight) >= 600) looks.push('font-weight="700"');
    if (style.textDecorationLine.includes("underline")) looks.push('text-decoration="underline"');
    // Other fonts are wider or narrower: each run keeps the place that it has here.
    if ([...text].length > 1) looks.push(`textLength="${short(length)}" lengthAdjust="spacingAndGlyphs"`);
    out.push(`<text x="${short(x)}" y="${short(baseline)}" ${looks.join(" ")}>${escaped(text)}</text>`);
  };

  // Runs of characters that stand side by side, as far as they are seen.
  const runs = (node, style) => {
    const { right, dots } = cut(node.parentElement);
    const range = document.createRange();
    let run = null;
    const end = () => { if (run) write(run.text.trimEnd(), run.x, run.top, run.right - run.x, style); run = null; };
    let at = 0;
    let whole = true;
    for (const character of node.data) {
      range.setStart(node, at);
      range.setEnd(node, at += character.length);
      const [rect] = range.getClientRects();
      if (!rect || !rect.width || !whole || (!run && !character.trim())) continue;
      if (rect.right > right + 0.5) {
        whole = false;
        if (run && dots) run.text = run.text.slice(0, -1) + "…";
        continue;
      }
      if (run && Math.abs(rect.top - run.top) > 2) end();
      if (!run) run = { text: "", x: rect.left, top: rect.top, right: rect.left };
      run.text += /\s/.test(character) ? " " : character;
      if (character.trim()) run.right = rect.right;
    }
    end();
  };

  const field = (element, style) => {
    const rect = element.getBoundingClientRect();
    const middle = rect.top + (rect.height - parseFloat(style.fontSize) * 1.45) / 2;
    if (element.type === "range") {
      const share = (element.value - element.min) / (element.max - element.min || 1);
      rectangle(rect.left, rect.top + rect.height / 2 - 3, rect.width, 6, 'fill="#d9d4c7" rx="3"');
      rectangle(rect.left + share * (rect.width - 14), rect.top + rect.height / 2 - 7, 14, 14, 'fill="#1d4f86" rx="7"');
      return;
    }
    const said = element.localName === "select" ? `${element.selectedOptions[0].text} ▾` : element.value.replace("T", " ");
    pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    write(said, rect.left + 6, middle, Math.min(pen.measureText(said).width, rect.width - 8), style);
  };

  const visit = element => {
    const style = getComputedStyle(element);
    if (!element.checkVisibility({ checkVisibilityCSS: true }) || style.clipPath !== "none") return;
    if (element.getBoundingClientRect().right < 0) return;
    box(element, style);
    if (["select", "input"].includes(element.localName)) { field(element, style); return; }
    for (const node of element.childNodes) {
      if (node.nodeType === Node.TEXT_NODE) runs(node, style);
      else if (node.nodeType === Node.ELEMENT_NODE) visit(node);
    }
  };

  // Turned and shaded boxes have no place of their own that could be asked for.
  const plain = new CSSStyleSheet();
  plain.replaceSync("* { transform: none !important; }");
  document.adoptedStyleSheets = [plain];
  visit(document.body);
  for (const draw of thick) draw();
  const sans = '"Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif';
  const serif = '"Noto Serif CJK SC","Songti SC",SimSun,serif';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(document.title)}">
<style>.t{font-family:${sans}}.s{font-family:${serif}}</style>
<defs><pattern id="hatch" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M0 0V8" stroke="#efebe0" stroke-width="2"/></pattern></defs>
${out.join("\n")}
</svg>
`;
}

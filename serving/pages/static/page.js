"use strict";

const input = document.querySelector("#photos");
if (input) {
  const drop = document.querySelector(".drop");
  const chosen = document.querySelector("#chosen");
  const words = document.querySelector("#box-words");
  const button = input.form.querySelector("button");
  const name = button.textContent;

  // Pixels that a side of a box has at least, and how far a key moves it, as a share of the photo.
  const LEAST = 17;
  const STEPS = {
    ArrowLeft: [-0.02, 0],
    ArrowRight: [0.02, 0],
    ArrowUp: [0, -0.02],
    ArrowDown: [0, 0.02],
  };

  const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

  const list = () => {
    chosen.replaceChildren(
      ...Array.from(input.files, (file, index) => {
        const row = document.createElement("li");
        const size = document.createElement("span");
        size.textContent = megabytes(file.size);
        row.append(file.name, size);
        if (words) preview(file, index + 1, row);
        return row;
      }),
    );
  };

  // A picture that the browser can show gets a canvas to draw the box of the wreck on.
  const preview = (file, number, row) => {
    const picture = new Image();
    const address = URL.createObjectURL(file);
    picture.addEventListener("load", () => {
      row.append(boxCanvas(picture, number));
      words.hidden = false;
    });
    picture.src = address;
  };

  const boxCanvas = (picture, number) => {
    const canvas = document.createElement("canvas");
    const box = document.createElement("input");
    const asker = document.createElement("button");
    const holder = document.createElement("div");
    const width = picture.naturalWidth;
    const height = picture.naturalHeight;
    const scale = Math.min(1, 640 / Math.max(width, height));
    let from = null;
    let found = null;

    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-label", words.dataset.box.replace("{number}", number));
    canvas.setAttribute("aria-describedby", words.id);
    box.type = "hidden";
    box.name = "box";
    box.disabled = true;
    holder.className = "boxed";
    holder.append(canvas, box, asker);
    asker.type = "button";
    asker.className = "plain";

    const within = (value, least, most) => Math.round(Math.min(Math.max(value, least), most));

    const place = (event) => {
      const frame = canvas.getBoundingClientRect();
      return [
        within(((event.clientX - frame.left) / frame.width) * width, 0, width),
        within(((event.clientY - frame.top) / frame.height) * height, 0, height),
      ];
    };

    const draw = (corners) => {
      const pen = canvas.getContext("2d");
      pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
      if (!corners) return;
      const [left, top, right, bottom] = corners.map((value) => value * scale);
      pen.lineWidth = 3;
      pen.strokeStyle = "#ff0080";
      pen.strokeRect(left, top, right - left, bottom - top);
    };

    const corners = (to) => [
      Math.min(from[0], to[0]),
      Math.min(from[1], to[1]),
      Math.max(from[0], to[0]),
      Math.max(from[1], to[1]),
    ];

    const middle = () => [width / 4, height / 4, (3 * width) / 4, (3 * height) / 4].map(Math.round);

    const moved = ([left, top, right, bottom], [x, y]) => {
      const toLeft = within(left + x * width, 0, width - (right - left));
      const toTop = within(top + y * height, 0, height - (bottom - top));
      return [toLeft, toTop, toLeft + right - left, toTop + bottom - top];
    };

    const sized = ([left, top, right, bottom], [x, y]) => [
      left,
      top,
      within(right + x * width, left + LEAST, width),
      within(bottom + y * height, top + LEAST, height),
    ];

    const settle = (corners) => {
      found = corners;
      box.disabled = !found;
      box.value = found ? `${number}:${found.join(",")}` : "";
      asker.textContent = found ? words.dataset.away : words.dataset.draw;
      ask(false);
      draw(found);
    };

    // A finger that strokes the photo scrolls the page, unless a box was asked for.
    const ask = (wanted) => {
      asker.setAttribute("aria-pressed", canvas.classList.toggle("asked", wanted));
    };
    const draws = ({ pointerType }) =>
      pointerType !== "touch" || canvas.classList.contains("asked");
    asker.addEventListener("click", () => (found ? settle(null) : ask()));
    canvas.addEventListener("pointerenter", ({ pointerType }) => {
      canvas.classList.toggle("pen", pointerType === "pen");
    });

    canvas.addEventListener("pointerdown", (event) => {
      if (!draws(event)) return;
      canvas.setPointerCapture(event.pointerId);
      from = place(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (from) draw(corners(place(event)));
    });
    canvas.addEventListener("pointerup", (event) => {
      if (!from) return;
      const [left, top, right, bottom] = corners(place(event));
      from = null;
      settle(right - left >= LEAST && bottom - top >= LEAST ? [left, top, right, bottom] : null);
    });
    canvas.addEventListener("pointercancel", () => {
      from = null;
      draw(found);
    });
    canvas.addEventListener("keydown", (event) => {
      const step = STEPS[event.key];
      if (step) settle(found ? (event.shiftKey ? sized : moved)(found, step) : middle());
      else if (event.key === "Delete" || event.key === "Backspace") settle(null);
      else return;
      event.preventDefault();
    });
    settle(null);
    return holder;
  };

  const over = (event) => {
    event.preventDefault();
    drop.classList.toggle("over", event.type === "dragover");
  };

  drop.addEventListener("dragover", over);
  drop.addEventListener("dragleave", over);
  drop.addEventListener("drop", (event) => {
    over(event);
    input.files = event.dataTransfer.files;
    list();
  });
  input.addEventListener("change", list);
  input.form.addEventListener("submit", () => {
    button.disabled = true;
    button.textContent = input.form.dataset.working;
  });
  window.addEventListener("pageshow", () => {
    button.disabled = false;
    button.textContent = name;
    list();
  });
}

// Evidence that changes is weighed at once; only the parts of the page marked live are replaced.
const weigh = document.querySelector("#weigh");
if (weigh) {
  const problem = document.querySelector("#weigh-problem");
  let waiting = 0;
  let latest = 0;

  const tell = (words) => {
    problem.hidden = !words;
    problem.textContent = words;
  };

  // What a reader opened or closed stays so.
  const unfolded = (part, before) => {
    for (const { id, open } of before.querySelectorAll("details[id]")) {
      const same = part.querySelector(`#${id}`);
      if (same) same.open = open;
    }
    return part;
  };

  const replace = (answer) => {
    for (const part of document.querySelectorAll("[data-live]")) {
      const changed = answer.getElementById(part.id);
      if (changed) part.replaceWith(unfolded(changed, part));
    }
    document.title = answer.title;
  };

  const parsed = async (answer) =>
    new DOMParser().parseFromString(await answer.text(), "text/html");

  // Pages say why they refuse, and so do problems that are meant for programs.
  const reason = async (answer) =>
    answer.headers.get("Content-Type").includes("json")
      ? (await answer.json()).detail
      : (await parsed(answer)).querySelector("[role=alert]").textContent;

  // The page that answers, or why there is none.
  const weighed = async () => {
    try {
      const answer = await fetch(weigh.action, { method: "POST", body: new FormData(weigh) });
      return answer.ok ? [await parsed(answer), ""] : [null, await reason(answer)];
    } catch {
      return [null, weigh.dataset.silent];
    }
  };

  const again = async () => {
    const mine = ++latest;
    const wrong = weigh.querySelector("input:invalid");
    if (wrong) return tell(`${wrong.labels[0].innerText.trim()}: ${wrong.validationMessage}`);
    const [page, refused] = await weighed();
    if (mine !== latest) return;
    tell(refused);
    if (page) replace(page);
  };

  weigh.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(again, 300);
  });
  // Another language changes the whole page.
  weigh.addEventListener("submit", (event) => {
    if (event.submitter?.lang) return;
    event.preventDefault();
    again();
  });
}

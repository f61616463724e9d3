// The documentation of the API is dark where the reader's system is.
"use strict";

const dark = matchMedia("(prefers-color-scheme: dark)");
const show = () => document.documentElement.classList.toggle("dark-mode", dark.matches);

dark.addEventListener("change", show);
show();

// SPDX-License-Identifier: Apache-2.0
"use strict";
// [file, ...] -> [what the page says of each, or null where it takes the model, ...]
const { request, readBytes, answer } = require("./page.js");

answer(request().map((file) => {
  try {
    avatar.readModel(readBytes(file));
    return null;
  } catch (error) {
    if (error instanceof avatar.InputError) return error.message;
    throw error;
  }
}));

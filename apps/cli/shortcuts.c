#include "shortcuts.h"

#include "messages.h"

bool shortcuts_check(const shortcut_args *args)
{
    if (args->positions != OPTION_UNSET && args->input_px == 0) {
        say_error("--positions: no other size, required --input-size beside it");
        return false;
    }
    return true;
}

bool shortcuts_apply(const shortcut_args *args, opened *with)
{
    tyto_error err = TYTO_ERROR_INIT;
    const tyto_shortcuts shortcuts = {.skip_padding = args->skip_padding,
                                      .input_px = args->input_px,
                                      .positions = args->positions != OPTION_UNSET
                                                       ? (tyto_positions)args->positions
                                                       : TYTO_POSITIONS_INTERPOLATED};
    if (!args->skip_padding && args->input_px == 0) {
        return true;
    }
    if (tyto_session_use_shortcuts(with->session, &shortcuts, &err) != TYTO_OK) {
        say_tyto_error(&err);
        return false;
    }
    return true;
}

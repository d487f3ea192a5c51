package markdown

import "strings"

// keyOf returns the class and the label of a key of pymdownx.keys; what is not
// known, or quoted, is its own label.
// See https://facelessuser.github.io/pymdown-extensions/extensions/keys/.
func keyOf(name string) (class, label string) {
	if name[0] == '"' || name[0] == '\'' {
		return "", strings.Trim(name, `"'`)
	}
	key := strings.ToLower(name)
	if full := keyAlias(key); full != "" {
		key = full
	}
	if label := keyLabel(key); label != "" {
		return key, label
	}
	if len(key) == 1 {
		return key, strings.ToUpper(key)
	}
	words := strings.Fields(strings.NewReplacer("-", " ", "_", " ").Replace(name))
	for i, w := range words {
		words[i] = strings.ToUpper(w[:1]) + w[1:]
	}
	return key, strings.Join(words, " ")
}

// keyAlias returns the name of a key that is known by another.
func keyAlias(name string) string {
	switch name {
	case "add":
		return "num-plus"
	case "altgr":
		return "alt-graph"
	case "apps", "menu":
		return "context-menu"
	case "back", "bksp":
		return "backspace"
	case "bktab":
		return "backtab"
	case "cancel":
		return "break"
	case "capital", "cplk":
		return "caps-lock"
	case "close-brace":
		return "brace-right"
	case "close-bracket":
		return "bracket-right"
	case "clr":
		return "clear"
	case "cmd":
		return "command"
	case "ctrl":
		return "control"
	case "dblquote":
		return "double-quote"
	case "decimal", "separator":
		return "num-separator"
	case "del":
		return "delete"
	case "divide":
		return "num-slash"
	case "down":
		return "arrow-down"
	case "esc":
		return "escape"
	case "return":
		return "enter"
	case "exclamation":
		return "exclam"
	case "favorites":
		return "browser-favorites"
	case "fn":
		return "function"
	case "forward":
		return "browser-forward"
	case "grave-accent":
		return "grave"
	case "greater-than", "gt":
		return "greater"
	case "hyphen":
		return "minus"
	case "ins":
		return "insert"
	case "lalt":
		return "left-alt"
	case "launch-mail":
		return "mail"
	case "launch-media":
		return "media"
	case "lbutton":
		return "left-button"
	case "lcmd", "lcommand", "left-cmd":
		return "left-command"
	case "lcontrol", "lctrl", "left-ctrl":
		return "left-control"
	case "left":
		return "arrow-left"
	case "lopt", "loption", "left-opt":
		return "left-option"
	case "left-win", "lwin", "lwindows":
		return "left-windows"
	case "less-than", "lt":
		return "less"
	case "lmeta":
		return "left-meta"
	case "lshift":
		return "left-shift"
	case "lsuper":
		return "left-super"
	case "mbutton":
		return "middle-button"
	case "multiply":
		return "num-asterisk"
	case "mute", "vol-mute":
		return "volume-mute"
	case "next", "page-dn", "pg-dn":
		return "page-down"
	case "next-track":
		return "media-next-track"
	case "num-del":
		return "num-delete"
	case "numlk":
		return "num-lock"
	case "open-brace":
		return "brace-left"
	case "open-bracket":
		return "bracket-left"
	case "opt":
		return "option"
	case "pause":
		return "media-pause"
	case "pg-up", "prior":
		return "page-up"
	case "pipe":
		return "bar"
	case "play":
		return "media-play"
	case "play-pause":
		return "media-play-pause"
	case "prev-track":
		return "media-prev-track"
	case "prtsc":
		return "print-screen"
	case "question-mark":
		return "question"
	case "ralt":
		return "right-alt"
	case "rbutton":
		return "right-button"
	case "rcontrol", "rctrl", "right-ctrl":
		return "right-control"
	case "rcmd", "rcommand", "right-cmd":
		return "right-command"
	case "refresh":
		return "browser-refresh"
	case "right":
		return "arrow-right"
	case "right-opt", "ropt", "roption":
		return "right-option"
	case "right-win", "rwin", "rwindows":
		return "right-windows"
	case "rmeta":
		return "right-meta"
	case "rshift":
		return "right-shift"
	case "rsuper":
		return "right-super"
	case "scroll":
		return "scroll-lock"
	case "search":
		return "browser-search"
	case "spc":
		return "space"
	case "stop":
		return "media-stop"
	case "subtract":
		return "num-minus"
	case "tabulator":
		return "tab"
	case "up":
		return "arrow-up"
	case "vol-down":
		return "volume-down"
	case "vol-up":
		return "volume-up"
	case "win":
		return "windows"
	case "xbutton1":
		return "x-button1"
	case "xbutton2":
		return "x-button2"
	}
	return ""
}

// keyLabel returns the label of a key where that is not its name with blanks.
func keyLabel(name string) string {
	switch name {
	case "backslash":
		return `\`
	case "bar":
		return `|`
	case "brace-left":
		return `{`
	case "brace-right":
		return `}`
	case "bracket-left":
		return `[`
	case "bracket-right":
		return `]`
	case "colon":
		return `:`
	case "comma":
		return `,`
	case "double-quote":
		return `"`
	case "equal":
		return `=`
	case "exclam":
		return `!`
	case "grave":
		return "`"
	case "greater":
		return `>`
	case "less":
		return `<`
	case "minus":
		return `-`
	case "period":
		return `.`
	case "plus":
		return `+`
	case "question":
		return `?`
	case "semicolon":
		return `;`
	case "single-quote":
		return `'`
	case "slash":
		return `/`
	case "tilde":
		return `~`
	case "underscore":
		return `_`
	case "arrow-up":
		return `Up`
	case "arrow-down":
		return `Down`
	case "arrow-left":
		return `Left`
	case "arrow-right":
		return `Right`
	case "delete":
		return `Del`
	case "insert":
		return `Ins`
	case "escape":
		return `Esc`
	case "num0":
		return `Num 0`
	case "num1":
		return `Num 1`
	case "num2":
		return `Num 2`
	case "num3":
		return `Num 3`
	case "num4":
		return `Num 4`
	case "num5":
		return `Num 5`
	case "num6":
		return `Num 6`
	case "num7":
		return `Num 7`
	case "num8":
		return `Num 8`
	case "num9":
		return `Num 9`
	case "num-asterisk":
		return `Num *`
	case "num-delete":
		return `Num Del`
	case "num-equal":
		return `Num =`
	case "num-minus":
		return `Num -`
	case "num-plus":
		return `Num +`
	case "num-separator":
		return `Num .`
	case "num-slash":
		return `Num /`
	case "alt-graph":
		return `AltGr`
	case "command":
		return `Cmd`
	case "control":
		return `Ctrl`
	case "function":
		return `Fn`
	case "left-control":
		return `Left Ctrl`
	case "left-windows":
		return `Left Win`
	case "right-control":
		return `Right Ctrl`
	case "right-windows":
		return `Right Win`
	case "windows":
		return `Win`
	case "backtab":
		return `Back Tab`
	case "context-menu":
		return `Menu`
	case "media-next-track":
		return `Next Track`
	case "media-pause":
		return `Pause`
	case "media-play":
		return `Play`
	case "media-play-pause":
		return `Play/Pause`
	case "media-prev-track":
		return `Previous Track`
	case "media-stop":
		return `Stop`
	case "volume-mute":
		return `Mute`
	case "x-button1":
		return `X Button 1`
	case "x-button2":
		return `X Button 2`
	}
	return ""
}

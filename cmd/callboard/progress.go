package main

import (
	"fmt"
	"io"
	"os"
	"strings"
)

const progressWidth = 32

// progress draws a bar on a terminal, and a line now and then elsewhere.
type progress struct {
	to    io.Writer
	label string
	shown int // tenths, when it is no terminal
}

func (p *progress) show(n, total int) {
	if total <= 0 {
		return
	}
	if !p.terminal() {
		if tenths := 10 * n / total; tenths > p.shown {
			p.shown = tenths
			fmt.Fprintf(p.to, "%s: %d of %d\n", p.label, n, total)
		}
		return
	}
	full := progressWidth * n / total
	fmt.Fprintf(p.to, "\r%s [%s%s] %d/%d ", p.label, strings.Repeat("=", full), strings.Repeat(" ", progressWidth-full), n, total)
}

func (p *progress) done() {
	if p.terminal() {
		fmt.Fprintln(p.to)
	}
}

func (p *progress) terminal() bool {
	f, ok := p.to.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// Command table sets reports of the load tool side by side, the first of them
// being the one that the others are compared with.
//
//	go run ./bench/table callboard.json baseline.json backstage.json
package main

import (
	"fmt"
	"os"

	"github.com/callboard/callboard/bench/report"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "table: name the reports to set side by side")
		os.Exit(2)
	}
	var all []report.Report
	for _, file := range os.Args[1:] {
		r, err := report.Read(file)
		if err != nil {
			fmt.Fprintln(os.Stderr, "table:", err)
			os.Exit(1)
		}
		all = append(all, r)
	}
	fmt.Print(report.Table(all...))
}

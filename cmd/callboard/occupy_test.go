package main

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/callboard/callboard/internal/fault"
)

// Of two that work with one data folder the second is told so, and what has it.
func TestOccupy(t *testing.T) {
	data := t.TempDir()
	release, err := occupy(data)
	if err != nil {
		t.Fatal(err)
	}
	_, err = occupy(data)
	if fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "is in use by another callboard, process "+strconv.Itoa(os.Getpid())) {
		t.Errorf("a second one: %v", err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	again, err := occupy(data)
	if err != nil {
		t.Fatalf("after it was released: %v", err)
	}
	if err := again(); err != nil {
		t.Fatal(err)
	}
}

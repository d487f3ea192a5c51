package subscribers

// Settle waits until what is being sent has counted.
func (w *Worker) Settle() {
	w.turn <- struct{}{}
	<-w.turn
}

// RetryAfter is for a fuzz test: it reads what a stranger wrote.
var RetryAfter = retryAfter

# Completion of stripelake for PowerShell: put this into $PROFILE:
#   stripelake completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName stripelake -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $before = @($commandAst.CommandElements |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
        ForEach-Object { "$_" })
    $program = $before[0]
    $words = @($before | Select-Object -Skip 1)
    $lines = @(& $program __complete "=$wordToComplete" @words 2>$null)
    if ($lines.Count -eq 0 -or $lines[0] -ne 'words') { return } # PowerShell then completes paths
    $lines | Select-Object -Skip 1 | ForEach-Object {
        $value, $text = $_ -split "`t", 2
        if (-not $text) { $text = $value }
        [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $text)
    }
}
